#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>

#include "query/spelling.hpp"
#include "shape/plan_parts.hpp"

namespace bowshot {

namespace {

Result<void> bind_keys(const Request& request, const Binder& binder, Plan& plan) {
  for (const Item& item : request.by) {
    BOWSHOT_ASSIGN(NamedExpression key, in_item(item, binder.bind_key(item)));
    plan.keys.push_back(std::move(key));
  }
  return {};
}

Result<void> bind_measures(const Request& request, const Binder& binder, Plan& plan) {
  for (const Item& item : request.measures) {
    BOWSHOT_ASSIGN(Measure measure, in_item(item, binder.bind_measure(item)));
    plan.measures.push_back(std::move(measure));
  }
  return {};
}

bool is_count(MeasureFunction function) {
  return function == MeasureFunction::kCountRows || function == MeasureFunction::kCount ||
         function == MeasureFunction::kCountDistinct ||
         function == MeasureFunction::kApproxCountDistinct;
}

/// Keys, then measures. Only a count is never null: a key is null in the group of nulls, and the
/// measure of a group without values is null.
std::shared_ptr<arrow::Schema> result_schema(const Plan& plan) {
  arrow::FieldVector fields;
  for (const NamedExpression& key : plan.keys)
    fields.push_back(arrow::field(key.name, key.expression->type));
  for (const Measure& measure : plan.measures)
    fields.push_back(arrow::field(measure.name, measure.type, !is_count(measure.function)));
  return arrow::schema(std::move(fields));
}

/// `bad_parameter` for the first name that an earlier key or measure has; says which item it is.
Result<void> check_names_once(const Request& request, const arrow::Schema& schema) {
  const std::vector<std::string> names = schema.field_names();
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::find(names.begin(), names.begin() + static_cast<int64_t>(i), names[i]) ==
        names.begin() + static_cast<int64_t>(i))
      continue;
    const bool is_key = i < request.by.size();
    // A name can only be repeated by a measure that was written: the default one is alone.
    const size_t measure = i - request.by.size();
    Error error{.code = ErrorCode::kBadParameter,
                .detail = fmt::format("two columns of the answer have the name {}; give one "
                                      "another alias",
                                      quote_value(names[i])),
                .parameter = is_key ? "by" : "measures"};
    const std::vector<Item>& items = is_key ? request.by : request.measures;
    const size_t index = is_key ? i : measure;
    if (index < items.size()) {
      error.position = items[index].position;
      error.pointer = items[index].pointer;
    }
    return fail(std::move(error));
  }
  return {};
}

/// An aggregate is ordered by its own columns, by their names.
Result<std::vector<OrderItem>> bind_order(const std::vector<Item>& items,
                                          const arrow::Schema& schema) {
  std::vector<OrderItem> order;
  for (const Item& item : items) {
    const int output = schema.GetFieldIndex(item.name);
    if (output < 0)
      return fail(
          {.code = ErrorCode::kUnknownColumn,
           .detail = fmt::format("the answer has no column {}; it has {}", quote_value(item.name),
                                 fmt::join(schema.field_names(), ", ")),
           .position = item.name_position,
           .pointer = item.pointer,
           .suggestions = suggest(item.name, schema.field_names())});
    BOWSHOT_TRY(in_item(item, check_orderable(*schema.field(output)->type(), item)));
    order.push_back({.output = output, .expression = nullptr, .descending = item.descending});
  }
  return order;
}

}  // namespace

Result<void> plan_aggregate(const Request& request, const Binder& binder, Plan& plan) {
  plan.kind = Plan::Kind::kAggregate;
  BOWSHOT_TRY(in_parameter("by", bind_keys(request, binder, plan)));
  if (request.measures.empty())
    plan.measures.push_back({.name = "count",
                             .function = MeasureFunction::kCountRows,
                             .arguments = {},
                             .type = arrow::int64()});
  else
    BOWSHOT_TRY(in_parameter("measures", bind_measures(request, binder, plan)));
  plan.schema = result_schema(plan);
  BOWSHOT_TRY(check_names_once(request, *plan.schema));
  BOWSHOT_ASSIGN(plan.order, in_parameter("order", bind_order(request.order, *plan.schema)));
  return {};
}

}  // namespace bowshot
