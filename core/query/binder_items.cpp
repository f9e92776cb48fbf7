#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "query/binder.hpp"
#include "query/binder_operand.hpp"
#include "query/syntax.hpp"
#include "query/time_width.hpp"
#include "source/data_type.hpp"

namespace bowshot {
namespace {

constexpr int32_t kDecimalDigitsMax = 38;

/// What a measure takes as its (first) argument, and what it gives.
enum class Takes { kAnything, kComparable, kOrderable, kNumber };
enum class Gives { kCount, kSum, kFloat64, kArgument };

struct MeasureInfo {
  std::string_view name;
  MeasureFunction function;
  size_t arguments;
  Takes takes;
  Gives gives;
  std::string_view usage;
};

/// `count` is also kCountRows, without an argument.
constexpr std::array<MeasureInfo, 13> kMeasures = {{
    {"count", MeasureFunction::kCount, 1, Takes::kAnything, Gives::kCount, "count() or count(x)"},
    {"count_distinct", MeasureFunction::kCountDistinct, 1, Takes::kComparable, Gives::kCount,
     "count_distinct(x)"},
    {"approx_count_distinct", MeasureFunction::kApproxCountDistinct, 1, Takes::kComparable,
     Gives::kCount, "approx_count_distinct(x)"},
    {"sum", MeasureFunction::kSum, 1, Takes::kNumber, Gives::kSum, "sum(x)"},
    {"mean", MeasureFunction::kMean, 1, Takes::kNumber, Gives::kFloat64, "mean(x)"},
    {"min", MeasureFunction::kMin, 1, Takes::kOrderable, Gives::kArgument, "min(x)"},
    {"max", MeasureFunction::kMax, 1, Takes::kOrderable, Gives::kArgument, "max(x)"},
    {"stddev", MeasureFunction::kStddev, 1, Takes::kNumber, Gives::kFloat64, "stddev(x)"},
    {"variance", MeasureFunction::kVariance, 1, Takes::kNumber, Gives::kFloat64, "variance(x)"},
    {"median", MeasureFunction::kMedian, 1, Takes::kNumber, Gives::kFloat64, "median(x)"},
    {"quantile", MeasureFunction::kQuantile, 2, Takes::kNumber, Gives::kFloat64,
     "quantile(x, q) with q from 0 to 1"},
    {"arg_min", MeasureFunction::kArgMin, 2, Takes::kAnything, Gives::kArgument, "arg_min(x, y)"},
    {"arg_max", MeasureFunction::kArgMax, 2, Takes::kAnything, Gives::kArgument, "arg_max(x, y)"},
}};

std::string lower(std::string_view word) {
  std::string lowered(word);
  for (char& c : lowered)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lowered;
}

std::unexpected<Error> bad_item(int64_t position, std::string detail,
                                std::vector<std::string> suggestions = {}) {
  return fail(Error{.code = ErrorCode::kBadParameter,
                    .detail = std::move(detail),
                    .position = position,
                    .suggestions = std::move(suggestions)});
}

std::unexpected<Error> unknown_measure(const Item& item, std::string_view name) {
  std::vector<std::string> names;
  for (const MeasureInfo& measure : kMeasures) names.emplace_back(measure.name);
  std::vector<std::string> suggestions = suggest(name, names);
  if (item.function.empty())
    return bad_item(item.name_position, "a measure is a function of a column, such as mean(value)",
                    std::move(suggestions));
  return bad_item(item.name_position,
                  fmt::format("there is no such measure; there are {}", fmt::join(names, ", ")),
                  std::move(suggestions));
}

bool is_taken_by(Takes takes, const arrow::DataType& type) {
  switch (takes) {
    case Takes::kAnything:
      return true;
    case Takes::kComparable:
      return type_family(type) != TypeFamily::kNested;
    case Takes::kOrderable:
      return is_orderable(type);
    case Takes::kNumber:
      return bowshot::is_numeric(type);
  }
  return false;
}

std::shared_ptr<arrow::DataType> result_type(Gives gives, const arrow::DataType& argument) {
  switch (gives) {
    case Gives::kCount:
      return arrow::int64();
    case Gives::kFloat64:
      return arrow::float64();
    case Gives::kArgument:
      return is_text(argument) ? arrow::utf8() : argument.GetSharedPtr();
    case Gives::kSum:
      break;
  }
  if (bowshot::is_integer(argument)) return arrow::int64();
  if (bowshot::is_floating(argument)) return arrow::float64();
  return arrow::decimal128(kDecimalDigitsMax,
                           static_cast<const arrow::DecimalType&>(argument).scale());
}

/// Arguments of keys and measures are names; what is computed gets one by `compute`.
Result<ExpressionPtr> bind_argument(const Binder& binder, const SyntaxNode& argument) {
  if (argument.kind != SyntaxNode::Kind::kName)
    return bad_item(argument.position,
                    "expected a column; an expression gets a name by the parameter compute");
  return binder.bind_name(argument.text, argument.quoted, argument.position);
}

/// A number literal, perhaps with a sign.
std::optional<ExactNumber> number_of(const SyntaxNode& node) {
  if (node.kind == SyntaxNode::Kind::kNumber) return ExactNumber::parse(node.text);
  const bool is_negation = node.kind == SyntaxNode::Kind::kOperation &&
                           node.function == Function::kNegate &&
                           node.arguments.front()->kind == SyntaxNode::Kind::kNumber;
  if (!is_negation) return std::nullopt;
  return ExactNumber::parse(node.arguments.front()->text).negated();
}

/// `bin(x, width)`; the type is that of floor(x / width) * width.
Result<ExpressionPtr> bind_bin(const ExpressionPtr& x, const Item& item) {
  const SyntaxNode& node = *item.arguments[1];
  if (!bowshot::is_numeric(*x->type))
    return type_error(item.arguments[0]->position,
                      fmt::format("bin takes numbers, not {}", type_name(*x->type)));
  const auto width = number_of(node);
  const auto width_float64 = width ? width->to_float64() : std::nullopt;
  if (!width_float64 || *width_float64 <= 0)
    return bad_item(node.position, "the width of bin is a finite number above 0");

  const auto make_bin = [&](std::shared_ptr<arrow::DataType> type, ExpressionPtr argument,
                            ExpressionPtr step) {
    return make_call(std::move(type), Function::kBin, {std::move(argument), std::move(step)});
  };
  const GridPlace whole = place_on(*number_grid(*arrow::int64()), *width);
  if (bowshot::is_integer(*x->type) && whole.kind == GridPlace::Kind::kOn) {
    const auto type = x->type->id() == arrow::Type::UINT64 ? arrow::uint64() : arrow::int64();
    return make_bin(type, make_cast(x, type), make_grid_literal(type, whole.value));
  }
  const auto step_type = width->decimal_type();
  if (x->type->id() == arrow::Type::DECIMAL128 && step_type) {
    const auto& of_x = static_cast<const arrow::DecimalType&>(*x->type);
    const auto& of_step = static_cast<const arrow::DecimalType&>(*step_type);
    const int32_t scale = std::max(of_x.scale(), of_step.scale());
    const int32_t digits =
        std::max(of_x.precision() - of_x.scale(), of_step.precision() - of_step.scale()) + 1 +
        scale;
    const Int128 steps = place_on(*number_grid(*step_type), *width).value;
    return make_bin(arrow::decimal128(std::min(digits, kDecimalDigitsMax), scale), x,
                    make_grid_literal(step_type, steps));
  }
  return make_bin(arrow::float64(), make_cast(x, arrow::float64()),
                  make_float64_literal(*width_float64));
}

Result<ExpressionPtr> bind_time_bin(const ExpressionPtr& time, const Item& item) {
  const SyntaxNode& node = *item.arguments[1];
  if (type_family(*time->type) != TypeFamily::kTime)
    return type_error(
        item.arguments[0]->position,
        fmt::format("time_bin takes dates and timestamps, not {}", type_name(*time->type)));
  const auto width =
      node.kind == SyntaxNode::Kind::kText ? TimeWidth::parse(node.text) : std::nullopt;
  if (!width || width->unit < TimeWidth::Unit::kSecond)
    return bad_item(node.position,
                    "the width of time_bin is a text such as '15 minutes' or '1 month': a number "
                    "from 1 and second, minute, hour, day, week, month, quarter or year, at most "
                    "100 years");
  if (time->type->id() == arrow::Type::DATE32 && width->unit < TimeWidth::Unit::kDay)
    return type_error(node.position, "a date32 has no bins narrower than a day");
  return make_call(time->type, Function::kTimeBin,
                   {time, make_literal(std::make_shared<arrow::StringScalar>(width->to_string()))});
}

Result<NamedExpression> bind_plain_key(const Binder& binder, const Item& item) {
  BOWSHOT_ASSIGN(ExpressionPtr column,
                 binder.bind_name(item.name, item.quoted, item.name_position));
  return NamedExpression{.name = item.alias.value_or(item.name), .expression = std::move(column)};
}

}  // namespace

Result<NamedExpression> Binder::bind_key(const Item& item) const {
  const std::string function = lower(item.function);
  NamedExpression key;
  if (function.empty()) {
    BOWSHOT_ASSIGN(key, bind_plain_key(*this, item));
  } else {
    const bool is_time = function == "time_bin";
    if (!is_time && function != "bin")
      return bad_item(item.name_position,
                      "a key is a column, bin(x, width) or time_bin(t, '1 month')",
                      suggest(function, {"bin", "time_bin"}));
    if (item.arguments.size() != 2)
      return bad_item(
          item.name_position,
          fmt::format("expected {}, found {} arguments",
                      is_time ? "time_bin(t, '1 month')" : "bin(x, width)", item.arguments.size()));
    BOWSHOT_ASSIGN(ExpressionPtr x, bind_argument(*this, *item.arguments[0]));
    BOWSHOT_ASSIGN(key.expression, is_time ? bind_time_bin(x, item) : bind_bin(x, item));
    key.name = item.alias.value_or(item.arguments[0]->text);
  }
  const arrow::DataType& type = *key.expression->type;
  if (type_family(type) == TypeFamily::kNested)
    return type_error(item.name_position, fmt::format("{} cannot be a key", type_name(type)));
  return key;
}

Result<Measure> Binder::bind_measure(const Item& item) const {
  const std::string function = lower(item.function.empty() ? item.name : item.function);
  const auto* info = std::ranges::find(kMeasures, function, &MeasureInfo::name);
  if (info == kMeasures.end() || item.function.empty()) return unknown_measure(item, function);
  const bool counts_rows = info->function == MeasureFunction::kCount && item.arguments.empty();
  if (counts_rows)
    return Measure{.name = item.alias.value_or("count"),
                   .function = MeasureFunction::kCountRows,
                   .type = arrow::int64()};
  if (item.arguments.size() != info->arguments)
    return bad_item(item.name_position, fmt::format("expected {}, found {} arguments", info->usage,
                                                    item.arguments.size()));

  const SyntaxNode& first = *item.arguments[0];
  BOWSHOT_ASSIGN(ExpressionPtr x, bind_argument(*this, first));
  if (!is_taken_by(info->takes, *x->type))
    return type_error(first.position,
                      fmt::format("{} does not take {}", info->name, type_name(*x->type)));
  Measure measure{.name = item.alias.value_or(fmt::format("{}_{}", info->name, first.text)),
                  .function = info->function,
                  .type = result_type(info->gives, *x->type)};
  measure.arguments.push_back(std::move(x));
  if (info->arguments == 1) return measure;

  const SyntaxNode& second = *item.arguments[1];
  if (info->function == MeasureFunction::kQuantile) {
    const auto number = number_of(second);
    const auto quantile = number ? number->to_float64() : std::nullopt;
    if (!quantile || *quantile < 0 || *quantile > 1)
      return bad_item(second.position, "expected a number from 0 to 1: quantile(x, q)");
    measure.quantile = *quantile;
    return measure;
  }
  BOWSHOT_ASSIGN(ExpressionPtr y, bind_argument(*this, second));
  if (!is_orderable(*y->type))
    return type_error(second.position,
                      fmt::format("{} does not order by {}", info->name, type_name(*y->type)));
  measure.arguments.push_back(std::move(y));
  return measure;
}

}  // namespace bowshot
