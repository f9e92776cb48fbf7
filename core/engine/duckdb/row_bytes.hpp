#pragma once

#include <cstdint>

#include "query/plan.hpp"

namespace bowshot {

/// The most bytes that the columns which a plan puts out take in one row group once decoded, by the
/// footers: an estimate for dictionary-encoded text of files without size statistics.
int64_t largest_group_bytes(const Plan& plan);

}  // namespace bowshot
