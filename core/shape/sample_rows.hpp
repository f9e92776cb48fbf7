#pragma once

#include <cstdint>
#include <vector>

#include "shape/least_keys.hpp"
#include "shape/sub_plans.hpp"

namespace bowshot {

/// Which rows a SamplePart asks for.
struct SampledRows {
  int64_t population = 0;       // the filtered rows
  std::vector<KeyedRow> rows;   // by ascending key: the sample's order
  std::vector<double> weights;  // of each, where the sample is by groups
};

/// Chooses them by row numbers alone. In memory: about twice the sample. Errors: those of the
/// engine; `bad_parameter` for a size below the number of groups.
Result<SampledRows> choose_rows(const SubPlans& sub_plans);

/// The least `size` keys of the rows 0 to `rows` - 1, by all cores.
Result<std::vector<KeyedRow>> least_of_all(uint64_t seed, int64_t rows, int64_t size,
                                           const StopToken& stop);

}  // namespace bowshot
