#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace bowshot {

/// What a typed expression may call. Every function's types are checked by the binder; engines
/// spell them. Null rules: as in SQL, unless said otherwise. What the binder promises:
/// - Both sides of a comparison, and everything in kBetween and kIn, have one type; for text that
///   is utf8 or dictionary<utf8>, in any mix. A comparison of x with x itself (one pointer) says
///   that the answer is the same for every x but null, whose answer is null.
/// - int64 and float64 arithmetic has arguments of the result's type. Decimal arithmetic has
///   decimal arguments of their own precision and scale.
/// - Arithmetic except kPower and kNegate is n-ary, two or more arguments, from left to right: a
///   flat chain is one call, so that nothing recurses along it. A kNegate as a later argument of a
///   kAdd of three or more is a subtraction and is best spelt as one: it must not overflow where
///   `a - b` does not.
enum class Function {
  kAnd,  // n-ary, as is kOr
  kOr,
  kNot,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kBetween,        // x, low, high
  kIn,             // x, then one or more items, nearly always literals
  kLike,           // text, pattern (a literal or kCasei of one); % _ and escape backslash
  kIsNull,         // never null
  kCasei,          // text -> utf8, Unicode simple lower case
  kAdd,            // int64 (overflow is an error), decimal128 or float64
  kSubtract,       // as kAdd
  kMultiply,       // as kAdd
  kDivide,         // float64; by zero: null
  kIntegerDivide,  // int64 or float64, truncating; by zero: null
  kModulo,         // int64 or float64, the dividend's sign; by zero: null
  kPower,          // float64
  kNegate,         // as kAdd
  kBin,            // x, width literal: floor(x / width) * width, of int64, uint64 or decimal128
                   // (then exact, x and width of their own scale), else float64
  kTimeBin,        // t, literal text such as '15 minutes' that TimeWidth::parse reads, with
                   // '1 millisecond' and '1 microsecond' from comparisons of two units
  kFloor,          // float64
  kMicroseconds,   // a time, time of day or duration as float64: whole microseconds, rounded down,
                   // since 1970, since midnight, or of the duration
  kWhen,           // condition, x: x where the condition is true, else null
  kHash,           // anything but a null -> uint64, well mixed, equal for equal values; each
                   // engine's own
  kCast,           // to this expression's type; inserted by the binder only: numbers to wider
                   // ones or float64, dictionary to utf8, times to another unit (exact for the
                   // values that occur), or a zone's label taken off
};

struct Expression;
using ExpressionPtr = std::shared_ptr<const Expression>;  // a DAG: computed columns are shared

/// A column of the dataset, by index; a computed column, by index into the plan's list; `_row`.
struct ColumnReference {
  enum class Kind { kDataset, kComputed, kRowNumber };
  Kind kind = Kind::kDataset;
  int index = 0;
};
struct Literal {
  std::shared_ptr<arrow::Scalar> value;  // of the expression's type; valid unless a null
};
struct Call {
  Function function;
  std::vector<ExpressionPtr> arguments;
};

/// A typed expression: what the binder makes of CQL2 and what engines evaluate. Immutable.
struct Expression {
  std::shared_ptr<arrow::DataType> type;
  std::variant<ColumnReference, Literal, Call> node;
};

ExpressionPtr make_column(std::shared_ptr<arrow::DataType> type, ColumnReference column);
/// The literal's type is the scalar's.
ExpressionPtr make_literal(std::shared_ptr<arrow::Scalar> value);
ExpressionPtr make_call(std::shared_ptr<arrow::DataType> type, Function function,
                        std::vector<ExpressionPtr> arguments);

/// `less_equal`, `time_bin`, ...
std::string_view function_name(Function function);

/// For tests and debugging: `and(less(#0, 5:int8), is_null($1))`; `#0` is a column of the dataset,
/// `$1` a computed one. Computed columns are not spelt out.
std::string to_string(const Expression& expression);

struct NamedExpression {
  std::string name;
  ExpressionPtr expression;
};

/// Indices of the dataset's columns that an expression needs, also through computed columns,
/// ascending, each once.
std::vector<int> referenced_columns(const Expression& expression,
                                    const std::vector<NamedExpression>& computed);
/// Whether it needs `_row`, also through computed columns.
bool references_row_number(const Expression& expression,
                           const std::vector<NamedExpression>& computed);

}  // namespace bowshot
