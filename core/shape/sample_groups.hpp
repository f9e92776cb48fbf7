#pragma once

#include <cstdint>
#include <vector>

#include "shape/sample_rows.hpp"

namespace bowshot {

/// How many rows each group gives to a sample of `size`: one after the other in their order, again
/// and again, as long as they have rows. So a larger sample takes no row from any group.
std::vector<int64_t> equal_shares(const std::vector<int64_t>& groups, int64_t size);

/// The rows of a sample that is stratified by `part.stratum`.
Result<SampledRows> choose_by_group(const SubPlans& sub_plans, const SamplePart& part);

}  // namespace bowshot
