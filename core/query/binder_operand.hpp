#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "query/expression.hpp"
#include "query/literal.hpp"

namespace bowshot {

/// What may be compared with what.
enum class TypeFamily {
  kNumber,
  kText,
  kTime,
  kBoolean,  // compare within the family
  kTimeOfDay,
  kDuration,
  kBinary,  // compare with their own type only; kBinary has no order
  kNested   // IS NULL only
};
TypeFamily type_family(const arrow::DataType& type);
/// Whether values have an order: what min, max and arg_min take.
bool is_orderable(const arrow::DataType& type);

/// A bound operand and where it was written. Number, date and timestamp literals have no type until
/// they meet one: exactly one of the three members is set.
struct Operand {
  ExpressionPtr expression = nullptr;
  std::optional<ExactNumber> number = {};
  std::optional<Instant> instant = {};
  int64_t position = 0;

  bool is_literal() const;
  TypeFamily family() const;
  /// For messages: `a number`, or the type's name.
  std::string describe() const;
};

/// `operand` with the type it has by itself: int64, else uint64, decimal128(38, 0) or float64; a
/// fraction is float64; a date date32; a timestamp the finest unit that holds it. `overflow` for
/// what no type holds.
Result<ExpressionPtr> natural_expression(const Operand& operand);
/// The same as float64, by a cast where it is not a literal.
Result<ExpressionPtr> float64_expression(const Operand& operand);

ExpressionPtr make_cast(const ExpressionPtr& expression, std::shared_ptr<arrow::DataType> type);
std::unexpected<Error> type_error(int64_t position, std::string detail);

/// `left function right` as a boolean, by the rules of protocol/PROTOCOL.md section 3.
Result<ExpressionPtr> bind_comparison(Function function, const Operand& left, const Operand& right);
/// `operands` are x, low, high.
Result<ExpressionPtr> bind_between(const std::vector<Operand>& operands);
/// `operands` are x and the items.
Result<ExpressionPtr> bind_in(const std::vector<Operand>& operands);

/// A flat chain of + and -; `subtracted` as in SyntaxNode.
Result<ExpressionPtr> bind_sum(const std::vector<Operand>& operands,
                               const std::vector<bool>& subtracted);
/// A run of one of * / % div.
Result<ExpressionPtr> bind_product(Function function, const std::vector<Operand>& operands);
Result<ExpressionPtr> bind_power(const Operand& base, const Operand& exponent);
Result<Operand> bind_negation(const Operand& operand);

}  // namespace bowshot
