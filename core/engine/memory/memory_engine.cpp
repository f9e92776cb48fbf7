#include "engine/memory/memory_engine.hpp"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "engine/parquet/window_columns.hpp"
#include "engine/plain_rows.hpp"
#include "source/data_type.hpp"
#include "source/memory_table.hpp"

namespace bowshot {
namespace {

/// What both streams have: a plan of plain columns and `_row` over a table.
class MemoryStream : public BatchStream {
 public:
  MemoryStream(std::shared_ptr<const Plan> plan, const StopToken& stop)
      : plan_(std::move(plan)), stop_(stop) {
    double row_bytes = 1;
    for (const NamedExpression& item : plan_->select) {
      const auto& reference = std::get<ColumnReference>(item.expression->node);
      const bool is_row = reference.kind == ColumnReference::Kind::kRowNumber;
      outputs_.push_back(is_row ? -1 : reference.index);
      if (is_row) continue;
      columns_.push_back(reference.index);
      row_bytes += table().row_bytes(reference.index);
    }
    rows_max_ = std::clamp<int64_t>(
        static_cast<int64_t>(static_cast<double>(kBatchBytesTarget) / row_bytes), 1, kBatchRowsMax);
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return plan_->schema; }

  Result<std::shared_ptr<arrow::RecordBatch>> next() override {
    if (stop_.stop_requested()) return std::unexpected(stop_.error());
    return read();
  }

 protected:
  virtual Result<std::shared_ptr<arrow::RecordBatch>> read() = 0;

  const MemoryTable& table() const { return *plan_->dataset->table(); }
  const std::vector<int>& columns() const { return columns_; }
  /// Of a batch, by the longest rows.
  int64_t rows_max() const { return rows_max_; }

  /// The outputs, of `arrays` in the order of columns() and the numbers of the rows.
  template <class RowNumbers>
  Result<std::shared_ptr<arrow::RecordBatch>> put_together(const arrow::ArrayVector& arrays,
                                                           int64_t rows,
                                                           RowNumbers&& row_numbers) const {
    arrow::ArrayVector outputs;
    auto array = arrays.begin();
    for (const int output : outputs_) {
      if (output < 0) {
        BOWSHOT_ASSIGN(auto numbers, row_numbers());
        outputs.push_back(std::move(numbers));
      } else {
        outputs.push_back(*array++);
      }
    }
    return arrow::RecordBatch::Make(plan_->schema, rows, std::move(outputs));
  }

 private:
  const std::shared_ptr<const Plan> plan_;  // holds the table
  const StopToken stop_;
  std::vector<int> outputs_;  // columns of the dataset; -1: `_row`
  std::vector<int> columns_;  // those that are columns, in order
  int64_t rows_max_ = 1;
};

class MemoryWindow : public MemoryStream {
 public:
  MemoryWindow(std::shared_ptr<const Plan> plan, int64_t begin, int64_t end, const StopToken& stop)
      : MemoryStream(std::move(plan), stop), next_row_(begin), end_row_(end) {}

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> read() override {
    if (next_row_ == end_row_) return nullptr;
    const int64_t begin = next_row_;
    const int64_t batch_end = columns().empty() ? end_row_ : table().batch_end(begin);
    const int64_t end = std::min({end_row_, batch_end, begin + rows_max()});
    arrow::ArrayVector arrays;
    for (const int column : columns()) {
      BOWSHOT_ASSIGN(auto array, values(column, begin, end));
      arrays.push_back(std::move(array));
    }
    next_row_ = end;
    return put_together(arrays, end - begin, [&] { return row_numbers(begin, end - begin); });
  }

  Result<std::shared_ptr<arrow::Array>> values(int column, int64_t begin, int64_t end) const {
    auto array = table().slice(column, begin, end);
    const auto& type = table().schema()->field(column)->type();
    if (array->type()->Equals(*type)) return array;
    return recast(array, type);  // a view
  }

  int64_t next_row_;
  const int64_t end_row_;
};

class MemoryRows : public MemoryStream {
 public:
  MemoryRows(std::shared_ptr<const Plan> plan, std::vector<int64_t> rows, const StopToken& stop)
      : MemoryStream(std::move(plan), stop), rows_(std::move(rows)) {}

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> read() override {
    const auto left = std::span(rows_).subspan(used_);
    if (left.empty()) return nullptr;
    const auto part = left.first(std::min(left.size(), static_cast<size_t>(rows_max())));
    BOWSHOT_ASSIGN(const auto arrays, table().take(columns(), part));
    used_ += part.size();
    return put_together(arrays, static_cast<int64_t>(part.size()), [&] { return numbers(part); });
  }

  static Result<std::shared_ptr<arrow::Array>> numbers(std::span<const int64_t> rows) {
    arrow::Int64Builder builder;
    std::shared_ptr<arrow::Array> array;
    if (!builder.AppendValues(rows.data(), static_cast<int64_t>(rows.size())).ok() ||
        !builder.Finish(&array).ok())
      return fail(ErrorCode::kOutOfMemory, "not enough memory for a batch of rows");
    return array;
  }

  const std::vector<int64_t> rows_;
  size_t used_ = 0;
};

}  // namespace

EngineCapabilities MemoryEngine::capabilities() const {
  return {.row_numbers = true, .cancel = true, .progress = false};
}

bool MemoryEngine::accepts(const Plan& plan) const {
  return plan.dataset->table() && is_plain_window(plan);
}

bool MemoryEngine::reads_rows(const Plan& plan) const {
  return plan.dataset->table() && selects_plain_columns(plan);
}

Result<std::unique_ptr<BatchStream>> MemoryEngine::run(std::shared_ptr<const Plan> plan,
                                                       const StopToken& stop) {
  BOWSHOT_CHECK(accepts(*plan));
  const int64_t begin = std::min(plan->offset, plan->dataset->rows());
  const int64_t left = plan->dataset->rows() - begin;
  const int64_t end = begin + std::min(plan->limit.value_or(left), left);
  return std::make_unique<MemoryWindow>(std::move(plan), begin, end, stop);
}

Result<std::unique_ptr<BatchStream>> MemoryEngine::read_rows(std::shared_ptr<const Plan> plan,
                                                             std::vector<int64_t> rows,
                                                             const StopToken& stop) {
  return std::make_unique<MemoryRows>(std::move(plan), std::move(rows), stop);
}

}  // namespace bowshot
