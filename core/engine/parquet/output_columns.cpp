#include "engine/parquet/output_columns.hpp"

#include <arrow/array.h>
#include <arrow/util/parallel.h>

#include <algorithm>
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
  const auto status = arrow::internal::OptionalParallelFor(
      in_parallel && count > 1, static_cast<int>(count), [&](int index) -> arrow::Status {
        const auto slot = static_cast<size_t>(index);
        auto array = read(slot);
        if (array)
          arrays[slot] = *std::move(array);
        else
          errors[slot] = std::move(array).error();
        return arrow::Status::OK();
      });
  for (auto& error : errors)
    if (error) return std::unexpected(*std::move(error));
  if (!status.ok()) return fail(ErrorCode::kNotReady, "the server is shutting down");
  return arrays;
}

}  // namespace bowshot
