#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/dialect.hpp"

namespace bowshot {

/// A statement over the rows of a plan: filtered and computed as the plan says, the rest as said
/// here.
struct RowsQuery {
  Scan scan;                           // its columns are filled in by rows_statement()
  std::vector<ExpressionPtr> outputs;  // then `_row`, where asked for
  bool row_number = false;
  bool filtered = true;
  bool ordered = false;  // by the plan's order, then `_row`; else as the engine scans
  int64_t offset = 0;
  std::optional<int64_t> limit;
};
Result<std::string> rows_statement(const Plan& plan, const Dialect& dialect, RowsQuery query);

/// The plan's keys, then its measures, over all rows; ordered and sliced as the plan says.
Result<std::string> aggregate_statement(const Plan& plan, const Dialect& dialect);

}  // namespace bowshot
