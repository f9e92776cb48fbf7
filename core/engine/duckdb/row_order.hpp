#pragma once

#include "query/plan.hpp"

namespace bowshot {

/// Whether DuckDB's rows come in their natural order through the plan's filter and computed
/// columns. It makes a join of IN over five or more literals, behind which the order of row groups
/// is lost.
bool keeps_row_order(const Plan& plan);

}  // namespace bowshot
