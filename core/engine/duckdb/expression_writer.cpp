#include "engine/duckdb/expression_writer.hpp"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <span>

#include "base/check.hpp"
#include "engine/duckdb/bins.hpp"
#include "engine/duckdb/sql_type.hpp"
#include "source/data_type.hpp"

namespace bowshot::duckdb_sql {
namespace {

/// DuckDB parses `a + b + c` as a nest, and refuses nests of more than 1,000.
constexpr size_t kPlainChainMax = 200;

using Arguments = std::span<const ExpressionPtr>;

std::string reference(const ColumnReference& column) {
  switch (column.kind) {
    case ColumnReference::Kind::kDataset:
      return fmt::format("v{}", column.index);
    case ColumnReference::Kind::kComputed:
      return fmt::format("k{}", column.index);
    case ColumnReference::Kind::kRowNumber:
      return "r";
  }
  return "";
}

std::string_view comparison_sign(Function function) {
  switch (function) {
    case Function::kEqual:
      return "=";
    case Function::kNotEqual:
      return "<>";
    case Function::kLess:
      return "<";
    case Function::kLessEqual:
      return "<=";
    case Function::kGreater:
      return ">";
    default:
      return ">=";
  }
}

std::string_view arithmetic_sign(Function function) {
  switch (function) {
    case Function::kAdd:
      return "+";
    case Function::kSubtract:
      return "-";
    case Function::kMultiply:
      return "*";
    case Function::kDivide:
      return "/";  // by zero null: ieee_floating_point_ops is off
    case Function::kIntegerDivide:
      return "//";
    default:
      return "%";
  }
}

/// Whether it can be the least int64: what was widened cannot.
bool may_be_least(const Expression& expression) {
  const auto* call = std::get_if<Call>(&expression.node);
  if (!call || call->function != Function::kCast) return true;
  const arrow::DataType& type = *call->arguments[0]->type;
  return !bowshot::is_integer(type) || arrow::bit_width(type.id()) == 64;
}

/// The least int64 `% -1` is 0, but an overflow in DuckDB. What `% 1` leaves is the same.
constexpr std::string_view kSafeDivisor = "CASE WHEN y = -1 THEN 1 ELSE y END";
constexpr std::string_view kSafeDivisorOfList =
    "], lambda y: CASE WHEN y = -1 THEN 1 ELSE y END)[1]";

const Call* as_call(const Expression& expression, Function function) {
  const auto* call = std::get_if<Call>(&expression.node);
  return call && call->function == function ? call : nullptr;
}

/// A pattern in which a backslash stands before %, _ and itself only. Elsewhere it escapes what
/// follows, which stands for itself; at the end it is a backslash.
std::string plain_pattern(std::string_view pattern) {
  std::string plain;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool is_escaped = pattern[i] == '\\';
    if (is_escaped && i + 1 < pattern.size()) ++i;
    const char c = pattern[i];
    if (is_escaped && (c == '%' || c == '_' || c == '\\')) plain += '\\';
    plain += c;
  }
  return plain;
}

class Writer {
 public:
  Result<void> write(const Expression& expression) {
    if (const auto* column = std::get_if<ColumnReference>(&expression.node)) {
      out_ += reference(*column);
      return {};
    }
    if (const auto* literal = std::get_if<Literal>(&expression.node)) {
      BOWSHOT_ASSIGN(const std::string text, sql_literal(*literal->value));
      out_ += text;
      return {};
    }
    return write_call(expression, std::get<Call>(expression.node));
  }

  std::string take() { return std::move(out_); }

 private:
  Result<void> write_call(const Expression& expression, const Call& call) {
    const Arguments arguments = call.arguments;
    switch (call.function) {
      case Function::kAnd:
        return write_balanced(" AND ", arguments);
      case Function::kOr:
        return write_balanced(" OR ", arguments);
      case Function::kNot:
        return write_around("(NOT ", *arguments[0], ")");
      case Function::kEqual:
      case Function::kNotEqual:
      case Function::kLess:
      case Function::kLessEqual:
      case Function::kGreater:
      case Function::kGreaterEqual:
        return write_list("(", fmt::format(" {} ", comparison_sign(call.function)), arguments, ")");
      case Function::kBetween:
        return write_between(arguments);
      case Function::kIn:
        BOWSHOT_TRY(write_around("(", *arguments[0], " IN "));
        return write_list("(", ", ", arguments.subspan(1), "))");
      case Function::kLike:
        return write_like(*arguments[0], *arguments[1]);
      case Function::kIsNull:
        return write_around("(", *arguments[0], " IS NULL)");
      case Function::kCasei:
        return write_around("lower(", *arguments[0], ")");
      case Function::kAdd:
      case Function::kSubtract:
      case Function::kMultiply:
      case Function::kDivide:
      case Function::kIntegerDivide:
      case Function::kModulo:
        return write_arithmetic(*expression.type, call);
      case Function::kPower:
        return write_list("pow(", ", ", arguments, ")");
      case Function::kNegate:
        return write_around("(- ", *arguments[0], ")");
      case Function::kBin:
        return write_bin(*expression.type, arguments);
      case Function::kTimeBin:
        return write_time_bin(*expression.type, arguments);
      case Function::kFloor:
        return write_around("floor(", *arguments[0], ")");
      case Function::kMicroseconds:
        return write_microseconds(*arguments[0]);
      case Function::kWhen:
        BOWSHOT_TRY(write_around("CASE WHEN ", *arguments[0], " THEN "));
        return write_around("", *arguments[1], " END");
      case Function::kHash:
        return write_around("hash(", *arguments[0], ")");
      case Function::kCast:
        return write_cast(*arguments[0], *expression.type);
    }
    return fail(ErrorCode::kInternal, "an expression of an unknown kind");
  }

  Result<void> write_around(std::string_view before, const Expression& expression,
                            std::string_view after) {
    out_ += before;
    BOWSHOT_TRY(write(expression));
    out_ += after;
    return {};
  }

  Result<void> write_list(std::string_view before, std::string_view between, Arguments arguments,
                          std::string_view after) {
    out_ += before;
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (i > 0) out_ += between;
      BOWSHOT_TRY(write(*arguments[i]));
    }
    out_ += after;
    return {};
  }

  /// A flat chain of thousands as a tree of small depth.
  Result<void> write_balanced(std::string_view between, Arguments arguments) {
    constexpr size_t kFlatMax = 16;
    if (arguments.size() <= kFlatMax) return write_list("(", between, arguments, ")");
    const size_t half = arguments.size() / 2;
    out_ += '(';
    BOWSHOT_TRY(write_balanced(between, arguments.first(half)));
    out_ += between;
    BOWSHOT_TRY(write_balanced(between, arguments.subspan(half)));
    out_ += ')';
    return {};
  }

  Result<void> write_between(Arguments arguments) {
    BOWSHOT_TRY(write_around("(", *arguments[0], " BETWEEN "));
    BOWSHOT_TRY(write_around("", *arguments[1], " AND "));
    return write_around("", *arguments[2], ")");
  }

  Result<void> write_like(const Expression& text, const Expression& pattern) {
    BOWSHOT_TRY(write_around("(", text, " LIKE "));
    const Call* casei = as_call(pattern, Function::kCasei);
    const Expression& literal = casei ? *casei->arguments[0] : pattern;
    const auto* node = std::get_if<Literal>(&literal.node);
    BOWSHOT_CHECK(node != nullptr);  // the binder's promise
    std::string spelt = "CAST(NULL AS VARCHAR)";
    if (node->value->is_valid)
      spelt = sql_text(plain_pattern(static_cast<const arrow::StringScalar&>(*node->value).view()));
    out_ += casei ? fmt::format("lower({})", spelt) : spelt;
    out_ += " ESCAPE '\\')";
    return {};
  }

  /// From left to right. The cast brings decimals to the binder's precision and scale.
  Result<void> write_arithmetic(const arrow::DataType& type, const Call& call) {
    if (call.arguments.size() > kPlainChainMax) return write_long_chain(type, call);
    const bool may_be_rewritten = call.function == Function::kAdd ||
                                  call.function == Function::kSubtract ||
                                  call.function == Function::kMultiply;
    if (bowshot::is_integer(type) && may_be_rewritten) return write_integer_arithmetic(call);
    const bool guards_first = bowshot::is_integer(type) && call.function == Function::kModulo &&
                              may_be_least(*call.arguments[0]);
    const bool truncates = call.function == Function::kIntegerDivide && bowshot::is_floating(type);
    const bool is_decimal = type.id() == arrow::Type::DECIMAL128;
    if (truncates)
      for (size_t i = 1; i < call.arguments.size(); ++i) out_ += "trunc(";
    out_ += is_decimal ? "CAST((" : "(";
    BOWSHOT_TRY(is_decimal ? write_first_decimal(type, *call.arguments[0])
                           : write(*call.arguments[0]));
    const std::string_view sign = truncates ? "/" : arithmetic_sign(call.function);
    for (size_t i = 1; i < call.arguments.size(); ++i) {
      const Call* negated = call.function == Function::kAdd
                                ? as_call(*call.arguments[i], Function::kNegate)
                                : nullptr;
      const Expression& argument = negated ? *negated->arguments[0] : *call.arguments[i];
      out_ += fmt::format(" {} ", negated ? "-" : sign);
      BOWSHOT_TRY(i == 1 && guards_first ? write_safe_divisor(argument) : write(argument));
      if (truncates) out_ += ')';
    }
    out_ += is_decimal ? fmt::format(") AS {})", sql_type(type)) : ")";
    return {};
  }

  /// Of decimals that fit 64 bits DuckDB makes one that fits 64 bits, and reports an overflow where
  /// their sum or product does not; a wider first operand makes the whole chain wide.
  Result<void> write_first_decimal(const arrow::DataType& result, const Expression& first) {
    constexpr int32_t kNarrowDigitsMax = 18;
    const auto& type = static_cast<const arrow::DecimalType&>(*first.type);
    const bool is_narrow = type.precision() <= kNarrowDigitsMax;
    if (!is_narrow ||
        static_cast<const arrow::DecimalType&>(result).precision() <= kNarrowDigitsMax)
      return write(first);
    const auto wide = arrow::decimal128(kNarrowDigitsMax + 1, type.scale());
    return write_around("CAST(", first, fmt::format(" AS {})", sql_type(*wide)));
  }

  /// Only the first divisor of a chain meets the least int64: what it leaves is greater. The
  /// divisor is named by a lambda, for spelt twice it would double at each nesting.
  Result<void> write_safe_divisor(const Expression& divisor) {
    const auto* literal = std::get_if<Literal>(&divisor.node);
    if (!literal) return write_around("list_transform([", divisor, kSafeDivisorOfList);
    const bool is_plain = !literal->value->is_valid ||
                          static_cast<const arrow::Int64Scalar&>(*literal->value).value != -1;
    if (is_plain) return write(divisor);
    out_ += '1';
    return {};
  }

  /// By the functions' names: the optimizer turns `x + 1 > k` into `x > k - 1` where it sees the
  /// sign, and an overflow of x + 1 would go unseen.
  Result<void> write_integer_arithmetic(const Call& call) {
    const auto negated = [&](size_t i) {
      return call.function == Function::kAdd ? as_call(*call.arguments[i], Function::kNegate)
                                             : nullptr;
    };
    for (size_t i = call.arguments.size() - 1; i > 0; --i)
      out_ += negated(i) || call.function == Function::kSubtract ? "subtract("
              : call.function == Function::kAdd                  ? "add("
                                                                 : "multiply(";
    BOWSHOT_TRY(write(*call.arguments[0]));
    for (size_t i = 1; i < call.arguments.size(); ++i)
      BOWSHOT_TRY(
          write_around(", ", negated(i) ? *negated(i)->arguments[0] : *call.arguments[i], ")"));
    return {};
  }

  /// A reduction over a list: the same order of operations without nesting. Null where any is null.
  Result<void> write_long_chain(const arrow::DataType& type, const Call& call) {
    const std::string sql = sql_type(type);
    if (type.id() == arrow::Type::DECIMAL128 && call.function != Function::kAdd)
      return fail(ErrorCode::kBadFilter,
                  fmt::format("a product of {} decimals; at most {} are multiplied",
                              call.arguments.size(), kPlainChainMax));
    out_ += "list_reduce([";
    for (size_t i = 0; i < call.arguments.size(); ++i)
      BOWSHOT_TRY(write_around(i == 0 ? "CAST(" : ", CAST(", *call.arguments[i],
                               fmt::format(" AS {})", sql)));
    const bool truncates = call.function == Function::kIntegerDivide && bowshot::is_floating(type);
    const bool is_remainder = call.function == Function::kModulo && bowshot::is_integer(type);
    const std::string step =
        fmt::format("x {} {}", truncates ? "/" : arithmetic_sign(call.function),
                    is_remainder ? fmt::format("({})", kSafeDivisor) : "y");
    out_ += fmt::format("], lambda x, y: CAST({} AS {}))",
                        truncates ? fmt::format("trunc({})", step) : step, sql);
    return {};
  }

  Result<void> write_bin(const arrow::DataType& type, Arguments arguments) {
    BOWSHOT_ASSIGN(const std::string x, write_expression(*arguments[0]));
    BOWSHOT_ASSIGN(const std::string width, write_expression(*arguments[1]));
    out_ += bin_sql(type, {.value = x, .type = arguments[0]->type.get(), .width = width});
    return {};
  }

  Result<void> write_microseconds(const Expression& argument) {
    BOWSHOT_ASSIGN(const std::string time, write_expression(argument));
    out_ += microseconds_sql(*argument.type, time);
    return {};
  }

  Result<void> write_time_bin(const arrow::DataType& type, Arguments arguments) {
    BOWSHOT_ASSIGN(const std::string t, write_expression(*arguments[0]));
    const auto& width = *std::get<Literal>(arguments[1]->node).value;
    const auto parsed = TimeWidth::parse(static_cast<const arrow::StringScalar&>(width).view());
    BOWSHOT_CHECK(parsed.has_value());  // the binder's promise
    out_ += time_bin_sql(type, t, *parsed);
    return {};
  }

  Result<void> write_cast(const Expression& argument, const arrow::DataType& type) {
    const std::string to = sql_type(type);
    if (sql_type(*argument.type) == to) return write(argument);
    return write_around("CAST(", argument, fmt::format(" AS {})", to));
  }

  std::string out_;
};

}  // namespace

Result<std::string> write_expression(const Expression& expression) {
  Writer writer;
  BOWSHOT_TRY(writer.write(expression));
  return writer.take();
}

}  // namespace bowshot::duckdb_sql
