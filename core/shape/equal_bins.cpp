#include "shape/equal_bins.hpp"

#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "query/literal.hpp"
#include "shape/arrow_result.hpp"

namespace bowshot {

namespace {

/// How many microseconds a step of a time type has; of nanoseconds, 1/1000.
double step_microseconds(const arrow::DataType& type) {
  constexpr double kDay = 86'400e6;
  arrow::TimeUnit::type unit = arrow::TimeUnit::MICRO;
  if (type.id() == arrow::Type::DATE32) return kDay;
  if (type.id() == arrow::Type::TIMESTAMP)
    unit = static_cast<const arrow::TimestampType&>(type).unit();
  if (type.id() == arrow::Type::DURATION)
    unit = static_cast<const arrow::DurationType&>(type).unit();
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1e6;
    case arrow::TimeUnit::MILLI:
      return 1e3;
    case arrow::TimeUnit::MICRO:
      return 1;
    case arrow::TimeUnit::NANO:
      break;
  }
  return 1e-3;
}

/// The greatest float64 that an int64 holds.
constexpr double kInt64Max = 9'223'372'036'854'774'784.0;

int64_t steps_of(double microseconds, double step) {
  const double steps = std::floor(step < 1 ? microseconds * 1'000 : microseconds / step);
  return static_cast<int64_t>(std::clamp(steps, -kInt64Max, kInt64Max));
}

}  // namespace

EqualBins::EqualBins(double min, double max, int64_t bins) : min_(min), max_(max), bins_(bins) {
  const double widest = std::max({std::abs(min), std::abs(max), max - min});
  if (!std::isfinite(widest * static_cast<double>(bins))) scale_ = 0x1p-64;
}

ExpressionPtr EqualBins::place(const ExpressionPtr& value) const {
  const double range = max_ * scale_ - min_ * scale_;
  if (range == 0) return nullptr;
  const auto call = [](Function function, ExpressionPtr x, double y) {
    return make_call(arrow::float64(), function, {std::move(x), make_float64_literal(y)});
  };
  ExpressionPtr x = scale_ == 1 ? value : call(Function::kMultiply, value, scale_);
  x = call(Function::kSubtract, std::move(x), min_ * scale_);
  x = call(Function::kMultiply, std::move(x), static_cast<double>(bins_));
  x = call(Function::kDivide, std::move(x), range);
  return make_call(arrow::float64(), Function::kFloor, {std::move(x)});
}

int64_t EqualBins::bin_of(double place) const {
  return static_cast<int64_t>(std::clamp(place, 0.0, static_cast<double>(bins_ - 1)));
}

double EqualBins::edge(int64_t i) const {
  if (i == bins_) return max_;
  const double range = max_ * scale_ - min_ * scale_;
  const double offset = static_cast<double>(i) * range / static_cast<double>(bins_);
  return (min_ * scale_ + offset) / scale_;
}

Result<std::shared_ptr<arrow::Array>> make_edges(const std::vector<double>& edges,
                                                 const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == arrow::Type::DOUBLE) {
    arrow::DoubleBuilder builder;
    BOWSHOT_TRY(from_arrow_call(builder.AppendValues(edges)));
    return from_arrow_call(builder.Finish());
  }
  const double step = step_microseconds(*type);
  if (type->id() == arrow::Type::DATE32) {
    constexpr int64_t kDayMax = std::numeric_limits<int32_t>::max();
    arrow::Date32Builder builder;
    for (const double edge : edges)
      BOWSHOT_TRY(from_arrow_call(builder.Append(
          static_cast<int32_t>(std::clamp(steps_of(edge, step), -kDayMax - 1, kDayMax)))));
    return from_arrow_call(builder.Finish());
  }
  arrow::Int64Builder builder;
  for (const double edge : edges)
    BOWSHOT_TRY(from_arrow_call(builder.Append(steps_of(edge, step))));
  BOWSHOT_ASSIGN(const auto numbers, from_arrow_call(builder.Finish()));
  return from_arrow_call(numbers->View(type));  // times are int64 underneath
}

}  // namespace bowshot
