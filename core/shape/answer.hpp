#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/engine.hpp"

namespace bowshot {

enum class Completeness { kExact, kSampled, kApproximate };
std::string_view completeness_name(Completeness completeness);

/// One table, on its way: what encode/ turns into bytes.
struct Answer {
  std::shared_ptr<const Plan> plan;  // shared with the stream; keeps the dataset's version
  Completeness completeness = Completeness::kExact;
  std::optional<int64_t> rows;        // of this answer, where known before the first row
  std::optional<int64_t> total_rows;  // of the same request without offset and limit, where known
  std::optional<int64_t> population;  // of a sample: the filtered rows, where known
  std::unique_ptr<BatchStream> stream;
};

}  // namespace bowshot
