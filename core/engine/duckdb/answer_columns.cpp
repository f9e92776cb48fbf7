#include "engine/duckdb/answer_columns.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/check.hpp"
#include "source/column_dictionary.hpp"
#include "source/data_type.hpp"

namespace bowshot {
namespace {

/// The dataset column that an output of dictionary type is, perhaps by way of computed names.
int dictionary_column(const Plan& plan, int output) {
  const auto& outputs = plan.kind == Plan::Kind::kRows ? plan.select : plan.keys;
  BOWSHOT_CHECK(output < static_cast<int>(outputs.size()));
  const Expression* expression = outputs[static_cast<size_t>(output)].expression.get();
  for (;;) {
    const auto* column = std::get_if<ColumnReference>(&expression->node);
    BOWSHOT_CHECK(column != nullptr);  // nothing else keeps a dictionary type
    if (column->kind == ColumnReference::Kind::kDataset) return column->index;
    expression = plan.computed[static_cast<size_t>(column->index)].expression.get();
  }
}

}  // namespace

AnswerColumns::AnswerColumns(std::shared_ptr<const Plan> plan)
    : plan_(std::move(plan)), dictionaries_(static_cast<size_t>(plan_->schema->num_fields())) {}

Result<std::shared_ptr<arrow::Array>> AnswerColumns::convert_column(
    const std::shared_ptr<arrow::Array>& array, int output) {
  const auto& type = plan_->schema->field(output)->type();
  if (type->id() != arrow::Type::DICTIONARY) return recast(array, type);
  if (array->type()->Equals(*type)) return array;  // read straight from Parquet
  auto& dictionary = dictionaries_[static_cast<size_t>(output)];
  if (!dictionary) {
    BOWSHOT_ASSIGN(dictionary,
                   plan_->dataset->column_dictionary(dictionary_column(*plan_, output)));
  }
  return dictionary->encode(array);
}

Result<std::shared_ptr<arrow::RecordBatch>> AnswerColumns::convert(
    const std::shared_ptr<arrow::RecordBatch>& batch) {
  BOWSHOT_CHECK(batch->num_columns() == plan_->schema->num_fields());
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (int i = 0; i < batch->num_columns(); ++i) {
    BOWSHOT_ASSIGN(auto column, convert_column(batch->column(i), i));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(plan_->schema, batch->num_rows(), std::move(columns));
}

}  // namespace bowshot
