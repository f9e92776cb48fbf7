#include "engine/duckdb/duckdb_dialect.hpp"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "base/check.hpp"
#include "engine/duckdb/expression_writer.hpp"
#include "engine/duckdb/measures.hpp"
#include "engine/duckdb/memory_source.hpp"
#include "engine/duckdb/parquet_source.hpp"
#include "engine/duckdb/sql_type.hpp"
#include "source/data_type.hpp"

namespace bowshot {
namespace {

using duckdb_sql::write_expression;

/// The floating dataset column that `expression` is, as itself or widened.
const ColumnReference* floating_column(const Expression& expression) {
  if (const auto* call = std::get_if<Call>(&expression.node))
    return call->function == Function::kCast ? floating_column(*call->arguments[0]) : nullptr;
  const auto* column = std::get_if<ColumnReference>(&expression.node);
  const bool is_found = column && column->kind == ColumnReference::Kind::kDataset &&
                        bowshot::is_floating(*expression.type);
  return is_found ? column : nullptr;
}

bool is_number_literal(const Expression& expression) {
  const auto* literal = std::get_if<Literal>(&expression.node);
  if (!literal || !literal->value->is_valid || literal->value->type->id() != arrow::Type::DOUBLE)
    return false;
  return !std::isnan(static_cast<const arrow::DoubleScalar&>(*literal->value).value);
}

/// Whether `call` is false for every NaN, so that row groups may be pruned by bounds that leave NaN
/// out: `x < 1`, `x BETWEEN 0 AND 1`, `x IN (1, 2)`.
bool excludes_nan(const Call& call) {
  switch (call.function) {
    case Function::kEqual:
    case Function::kLess:
    case Function::kLessEqual:
    case Function::kBetween:
    case Function::kIn:
      break;
    default:
      return false;
  }
  return floating_column(*call.arguments[0]) &&
         std::ranges::all_of(std::span(call.arguments).subspan(1),
                             [](const auto& item) { return is_number_literal(*item); });
}

/// Adds, for each conjunct that may prune, the same one over the stored column.
Result<void> add_pruning(const Expression& expression, FilterText& filter) {
  const auto* call = std::get_if<Call>(&expression.node);
  if (!call) return {};
  if (call->function == Function::kAnd) {
    for (const ExpressionPtr& conjunct : call->arguments)
      BOWSHOT_TRY(add_pruning(*conjunct, filter));
    return {};
  }
  if (!excludes_nan(*call)) return {};
  BOWSHOT_ASSIGN(std::string text, write_expression(expression));
  const int column = floating_column(*call->arguments[0])->index;
  const std::string value = fmt::format("v{}", column);
  const size_t position = text.find(value);
  BOWSHOT_CHECK(position != std::string::npos);
  text.replace(position, value.size(), fmt::format("c{}", column));
  filter.text += " AND " + text;
  filter.stored_columns.push_back(column);
  return {};
}

}  // namespace

Result<std::string> DuckDbDialect::source(const Scan& scan) const {
  return scan.dataset->table() ? duckdb_sql::memory_source(scan) : duckdb_sql::parquet_source(scan);
}

Result<std::string> DuckDbDialect::expression(const Expression& expression) const {
  return write_expression(expression);
}

Result<FilterText> DuckDbDialect::filter(const Expression& expression) const {
  FilterText filter;
  BOWSHOT_ASSIGN(filter.text, write_expression(expression));
  BOWSHOT_TRY(add_pruning(expression, filter));
  return filter;
}

Result<std::string> DuckDbDialect::measure(const Measure& measure) const {
  return duckdb_sql::write_measure(measure);
}

std::string DuckDbDialect::order(const std::string& name, bool descending) const {
  return fmt::format("{} {} NULLS LAST", name, descending ? "DESC" : "ASC");
}

std::string DuckDbDialect::opaque(std::string select) const {
  // No filter passes a limit, not even this one, which is never reached.
  return select + " LIMIT 9223372036854775807";
}

}  // namespace bowshot
