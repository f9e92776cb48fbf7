#include "engine/duckdb/long_rows.hpp"

#include <arrow/record_batch.h>

#include <span>
#include <utility>
#include <vector>

namespace bowshot {
namespace {

/// The plan's outputs that are stored columns, or those that are not.
std::vector<int> outputs_where(const Plan& plan, bool stored) {
  std::vector<int> outputs;
  for (size_t i = 0; i < plan.select.size(); ++i)
    if (StoredRows::is_stored(*plan.select[i].expression) == stored)
      outputs.push_back(static_cast<int>(i));
  return outputs;
}

}  // namespace

LongRows::LongRows(QueryContext context, RowRange range, int64_t first_search_rows, Engine* windows)
    : context_(std::move(context)),
      stored_(context_, outputs_where(*context_.plan, true), windows),
      computed_outputs_(outputs_where(*context_.plan, false)),
      search_(context_, range, first_search_rows, computed_outputs_) {}

Result<std::shared_ptr<arrow::RecordBatch>> LongRows::next() {
  if (numbers().empty()) {
    BOWSHOT_ASSIGN(auto found, search_.next());
    if (!found) return nullptr;
    BOWSHOT_TRY(append(std::move(found)));
  }
  search_.run_ahead();
  BOWSHOT_ASSIGN(const int64_t read_end, stored_.read(numbers()));
  // A batch that matches as a whole is not copied; but no new search is waited for, and what is
  // computed may be long.
  while (computed_outputs_.empty() && numbers().back() + 1 < read_end) {
    BOWSHOT_ASSIGN(auto found, search_.more());
    if (!found) break;
    BOWSHOT_TRY(append(std::move(found)));
  }
  BOWSHOT_ASSIGN(const auto stored, stored_.take(numbers()));
  return with_computed(*stored);
}

std::span<const int64_t> LongRows::numbers() const {
  if (!found_) return {};
  const int64_t* first = row_numbers(*found_, found_->num_columns() - 1);
  return {first + found_used_, first + found_->num_rows()};
}

Result<void> LongRows::append(std::shared_ptr<arrow::RecordBatch> found) {
  if (!numbers().empty()) {
    BOWSHOT_ASSIGN(found, join_batches({found_->Slice(found_used_), std::move(found)}));
  }
  found_ = std::move(found);
  found_used_ = 0;
  return {};
}

/// The next found rows: their stored columns beside what was computed of them.
std::shared_ptr<arrow::RecordBatch> LongRows::with_computed(const arrow::RecordBatch& stored) {
  const int64_t rows = stored.num_rows();
  const auto computed = found_->Slice(found_used_, rows);
  found_used_ += rows;
  return put_together(context_.plan->select.size(), {&stored_.outputs(), &stored},
                      {&computed_outputs_, computed.get()});
}

}  // namespace bowshot
