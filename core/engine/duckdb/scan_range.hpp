#pragma once

#include <cstdint>

#include "source/dataset.hpp"

namespace bowshot {

/// Where a scan that begins at `begin`, before `end`, must end: within its file, or after whole
/// files; a table in memory has none.
int64_t scan_end(const Dataset& dataset, int64_t begin, int64_t end);

}  // namespace bowshot
