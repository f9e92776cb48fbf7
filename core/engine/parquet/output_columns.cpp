#include "engine/parquet/output_columns.hpp"

#include <arrow/array.h>
#include <arrow/util/parallel.h>
#include <arrow/util/thread_pool.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <variant>

#include "base/check.hpp"

namespace bowshot {

Result<OutputColumns> OutputColumns::make(const Plan& plan) {
  OutputColumns outputs;
  for (const NamedExpression& item : plan.select) {
    const auto& reference = std::get<ColumnReference>(item.expression->node);
    BOWSHOT_CHECK(reference.kind != ColumnReference::Kind::kComputed);
    if (reference.kind == ColumnReference::Kind::kRowNumber) {
      outputs.slots.push_back(-1);
      continue;
    }
    auto& finishers = outputs.finishers;
    const auto known = std::ranges::find(finishers, reference.index, &ColumnFinisher::column);
    outputs.slots.push_back(static_cast<int>(known - finishers.begin()));
    if (known != finishers.end()) continue;
    BOWSHOT_ASSIGN(auto column, ColumnFinisher::make(*plan.dataset, reference.index));
    finishers.push_back(std::move(column));
  }
  return outputs;
}

std::vector<int> OutputColumns::columns() const {
  std::vector<int> columns;
  for (const ColumnFinisher& finisher : finishers) columns.push_back(finisher.column());
  return columns;
}

Result<arrow::ArrayVector> OutputColumns::arrange(
    const arrow::ArrayVector& arrays,
    const std::function<Result<std::shared_ptr<arrow::Array>>()>& row_numbers) const {
  arrow::ArrayVector arranged;
  for (const int slot : slots) {
    if (slot >= 0) {
      arranged.push_back(arrays[static_cast<size_t>(slot)]);
      continue;
    }
    BOWSHOT_ASSIGN(auto numbers, row_numbers());
    arranged.push_back(std::move(numbers));
  }
  return arranged;
}

Result<arrow::ArrayVector> read_columns(
    size_t count, bool in_parallel,
    const std::function<Result<std::shared_ptr<arrow::Array>>(size_t slot)>& read) {
  arrow::ArrayVector arrays(count);
  std::vector<std::optional<Error>> errors(count);
  std::atomic<size_t> next_slot = 0;
  const auto read_slots = [&](int) -> arrow::Status {
    for (size_t slot = next_slot++; slot < count; slot = next_slot++) {
      auto array = read(slot);
      if (array)
        arrays[slot] = *std::move(array);
      else
        errors[slot] = std::move(array).error();
    }
    return arrow::Status::OK();
  };
  // A task a thread, not a column: the caller wakes up for each.
  const int threads = std::min(arrow::GetCpuThreadPoolCapacity(), static_cast<int>(count));
  const auto status = in_parallel && threads > 1 ? arrow::internal::ParallelFor(threads, read_slots)
                                                 : read_slots(0);
  for (auto& error : errors)
    if (error) return std::unexpected(*std::move(error));
  if (!status.ok()) return fail(ErrorCode::kNotReady, "the server is shutting down");
  return arrays;
}

}  // namespace bowshot
