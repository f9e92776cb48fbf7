#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "base/check.hpp"
#include "query/binder.hpp"
#include "query/spelling.hpp"
#include "shape/plan_parts.hpp"
#include "shape/shapes.hpp"
#include "source/data_type.hpp"

namespace bowshot {

namespace {

Result<void> plan_shape(const Request& request, const Binder& binder, Plan& plan) {
  switch (request.shape) {
    case Shape::kRows:
      return plan_rows(request, binder, plan);
    case Shape::kCount:
      return plan_count(plan);
    case Shape::kAggregate:
      return plan_aggregate(request, binder, plan);
    case Shape::kValues:
      return plan_values(request, binder, plan);
    case Shape::kHistogram:
      return plan_histogram(request, binder, plan);
    case Shape::kSample:
      return plan_sample(request, binder, plan);
    case Shape::kProfile:
      return plan_profile(request, binder, plan);
    default:
      BOWSHOT_CHECK(!"parse_shape lets through served shapes only");
      return {};
  }
}

/// A position in a filter that came as JSON is a place in it.
void place_in_filter(const Request& request, Error& error) {
  error.pointer = request.filter_pointer;
  if (request.filter_pointers.empty() || !error.position) return;
  error.pointer += request.filter_pointers[static_cast<size_t>(*error.position)];
  error.position.reset();
}

}  // namespace

Result<std::shared_ptr<const Plan>> make_plan(const Request& request,
                                              std::shared_ptr<const Dataset> dataset) {
  Binder binder(dataset->schema(), dataset->has_row_numbers());
  auto plan = std::make_shared<Plan>();
  plan->dataset = std::move(dataset);
  BOWSHOT_TRY(in_parameter("compute", binder.add_computed(request.compute)));
  plan->computed = binder.computed();
  if (request.filter) {
    auto filter = in_parameter("filter", binder.bind_filter(request.filter));
    if (!filter) place_in_filter(request, filter.error());
    BOWSHOT_ASSIGN(plan->filter, std::move(filter));
  }
  plan->offset = request.offset;
  plan->limit = request.limit;
  BOWSHOT_TRY(plan_shape(request, binder, *plan));
  return plan;
}

ExpressionPtr and_also(const ExpressionPtr& filter, ExpressionPtr condition) {
  if (!filter) return condition;
  return make_call(arrow::boolean(), Function::kAnd, {filter, std::move(condition)});
}

Result<void> check_orderable(const arrow::DataType& type, const Item& item) {
  if (!arrow::is_nested(type.id())) return {};
  return fail({.code = ErrorCode::kTypeMismatch,
               .detail = fmt::format("{} is {}, which has no order", quote_value(item.name),
                                     type_name(type)),
               .position = item.name_position});
}

}  // namespace bowshot
