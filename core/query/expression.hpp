#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace bowshot {

/// What a typed expression may call. Every function's types are checked by the binder; engines spell
/// them. Null rules: as in SQL, unless said otherwise.
enum class Function {
  kAnd, kOr, kNot,                       // bool...; n-ary and, or
  kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual,
  kBetween,                              // x, low, high
  kIn,                                   // x, literal...
  kLike,                                 // text, pattern literal; % _ and escape backslash
  kIsNull,                               // never null
  kCasei,                                // text -> text, Unicode simple lower case
  kAdd, kSubtract, kMultiply,            // int64 (overflow is an error), decimal128 or float64
  kDivide,                               // float64; by zero: null
  kIntegerDivide, kModulo,               // truncating, dividend's sign; by zero: null
  kPower,                                // float64
  kNegate,
  kBin,                                  // x, width literal: floor(x / width) * width
  kTimeBin,                              // t, literal text such as '15 minutes', validated
  kCast,                                 // to this expression's type; inserted by the binder only
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

}  // namespace bowshot
