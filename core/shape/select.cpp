#include <arrow/type.h>

#include "shape/plan_parts.hpp"
#include "source/dataset.hpp"

namespace bowshot {

namespace {

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

std::vector<NamedExpression> every_column(const Plan& plan) {
  std::vector<NamedExpression> columns;
  const auto add = [&](const std::string& name, ColumnReference reference,
                       std::shared_ptr<arrow::DataType> type) {
    columns.push_back({name, make_column(std::move(type), reference)});
  };
  int index = 0;
  for (const auto& field : plan.dataset->schema()->fields())
    add(field->name(), {ColumnReference::Kind::kDataset, index++}, field->type());
  index = 0;
  for (const NamedExpression& computed : plan.computed)
    add(computed.name, {ColumnReference::Kind::kComputed, index++}, computed.expression->type);
  return columns;
}

Result<std::vector<NamedExpression>> bind_names(const std::vector<Item>& items,
                                                const Binder& binder) {
  std::vector<NamedExpression> columns;
  for (const Item& item : items) {
    BOWSHOT_ASSIGN(ExpressionPtr column,
                   in_item(item, binder.bind_name(item.name, item.quoted, item.name_position)));
    columns.push_back({item.name, std::move(column)});
  }
  return columns;
}

Result<void> select_columns(const Request& request, const Binder& binder, Plan& plan) {
  if (request.select.empty()) {
    plan.select = every_column(plan);
  } else {
    BOWSHOT_ASSIGN(plan.select, in_parameter("select", bind_names(request.select, binder)));
  }
  arrow::FieldVector fields;
  for (const NamedExpression& column : plan.select)
    fields.push_back(output_field(column, *plan.dataset->schema()));
  plan.schema = arrow::schema(std::move(fields));
  return {};
}

}  // namespace bowshot
