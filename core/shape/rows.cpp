#include <arrow/type.h>

#include "shape/plan_parts.hpp"
#include "source/dataset.hpp"

namespace bowshot {

namespace {

ExpressionPtr reference(ColumnReference::Kind kind, int index,
                        std::shared_ptr<arrow::DataType> type) {
  return std::make_shared<const Expression>(
      Expression{.type = std::move(type), .node = ColumnReference{.kind = kind, .index = index}});
}

/// The dataset's columns, then the computed ones.
std::vector<NamedExpression> every_column(const Plan& plan) {
  std::vector<NamedExpression> columns;
  int index = 0;
  for (const auto& field : plan.dataset->schema()->fields())
    columns.push_back(
        {field->name(), reference(ColumnReference::Kind::kDataset, index++, field->type())});
  index = 0;
  for (const NamedExpression& computed : plan.computed)
    columns.push_back({computed.name, reference(ColumnReference::Kind::kComputed, index++,
                                                computed.expression->type)});
  return columns;
}

Result<std::vector<NamedExpression>> bind_select(const std::vector<Item>& items,
                                                 const Binder& binder) {
  std::vector<NamedExpression> columns;
  for (const Item& item : items) {
    BOWSHOT_ASSIGN(ExpressionPtr column,
                   in_item(item, binder.bind_name(item.name, item.quoted, item.name_position)));
    columns.push_back({item.name, std::move(column)});
  }
  return columns;
}

Result<std::vector<OrderItem>> bind_order(const std::vector<Item>& items, const Binder& binder) {
  std::vector<OrderItem> order;
  for (const Item& item : items) {
    BOWSHOT_ASSIGN(ExpressionPtr column,
                   in_item(item, binder.bind_name(item.name, item.quoted, item.name_position)));
    BOWSHOT_TRY(in_item(item, check_orderable(*column->type, item)));
    order.push_back({.expression = std::move(column), .descending = item.descending});
  }
  return order;
}

/// A plain column keeps what the dataset says of nulls; what is computed may be null.
std::shared_ptr<arrow::Field> output_field(const NamedExpression& column,
                                           const arrow::Schema& schema) {
  const auto* reference = std::get_if<ColumnReference>(&column.expression->node);
  bool is_nullable = true;
  if (reference && reference->kind == ColumnReference::Kind::kRowNumber) is_nullable = false;
  if (reference && reference->kind == ColumnReference::Kind::kDataset)
    is_nullable = schema.field(reference->index)->nullable();
  return arrow::field(column.name, column.expression->type, is_nullable);
}

}  // namespace

Result<void> plan_rows(const Request& request, const Binder& binder, Plan& plan) {
  plan.kind = Plan::Kind::kRows;
  if (!plan.dataset->has_row_numbers() && request.offset > 0 && request.order.empty())
    return fail({.code = ErrorCode::kNoRowNumbers,
                 .detail = "this dataset has no natural order; an offset needs an order",
                 .parameter = "offset"});
  if (request.select.empty()) {
    plan.select = every_column(plan);
  } else {
    BOWSHOT_ASSIGN(plan.select, in_parameter("select", bind_select(request.select, binder)));
  }
  BOWSHOT_ASSIGN(plan.order, in_parameter("order", bind_order(request.order, binder)));

  arrow::FieldVector fields;
  for (const NamedExpression& column : plan.select)
    fields.push_back(output_field(column, *plan.dataset->schema()));
  plan.schema = arrow::schema(std::move(fields));
  return {};
}

}  // namespace bowshot
