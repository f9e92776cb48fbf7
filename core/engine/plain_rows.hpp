#pragma once

#include "query/plan.hpp"

namespace bowshot {

/// Whether every output is a dataset column as it is stored, or `_row`.
bool selects_plain_columns(const Plan& plan);

/// Whether the rows are a window of the dataset as it lies: no filter, no order but ascending
/// `_row`, nothing computed.
bool is_plain_window(const Plan& plan);

}  // namespace bowshot
