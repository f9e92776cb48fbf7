#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/cql2.hpp"
#include "query/plan.hpp"

namespace bowshot {

/// Says in a result's error which item of a JSON request it is of.
template <class T>
Result<T> in_item(const Item& item, Result<T> result) {
  if (!result && result.error().pointer.empty()) result.error().pointer = item.pointer;
  return result;
}

/// Names and types: binds syntax to a dataset's columns, the computed columns so far, and `_row`.
/// `_row` means the pseudo-column unless it is written quoted, `"_row"`, and the dataset has it.
class Binder {
 public:
  /// `schema` is Dataset::schema(). Without row numbers `_row` is `no_row_numbers`.
  Binder(std::shared_ptr<arrow::Schema> schema, bool has_row_numbers);

  /// Adds computed columns in order. Errors: `bad_parameter` (a name reused, more than
  /// 1,000), those of bind().
  Result<void> add_computed(const std::vector<Item>& items);
  const std::vector<NamedExpression>& computed() const { return computed_; }

  /// A predicate: `type_mismatch` with a position unless it is boolean.
  Result<ExpressionPtr> bind_filter(const SyntaxPtr& syntax) const;
  /// Any expression. Errors: `unknown_column` (with suggestions), `type_mismatch`, `overflow`
  /// (a literal), all with `position`.
  Result<ExpressionPtr> bind(const SyntaxPtr& syntax) const;
  /// A column, computed column or `_row` by name; `quoted` as written.
  Result<ExpressionPtr> bind_name(std::string_view name, bool quoted, int64_t position) const;
  /// `by` items: a column or bin(x, width) or time_bin(t, '1 month'), named by alias or the column.
  /// A bin of integers by a whole width is int64 (of uint64: uint64), of decimals by a width that a
  /// decimal holds decimal128, else float64; a time_bin has the column's type.
  Result<NamedExpression> bind_key(const Item& item) const;
  /// `measures` items; the default alias is `count`, `mean_value`. Text results are utf8, also of
  /// dictionary<utf8> columns.
  Result<Measure> bind_measure(const Item& item) const;

 private:
  Result<void> add_computed(const Item& item);
  std::unexpected<Error> unknown_column(std::string_view name, bool quoted, int64_t position) const;

  std::shared_ptr<arrow::Schema> schema_;  // Arrow's way: shared with the dataset
  bool has_row_numbers_;
  std::vector<NamedExpression> computed_;
};

}  // namespace bowshot
