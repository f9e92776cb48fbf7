#include "engine/parquet/window_columns.hpp"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include <numeric>

#include "source/data_type.hpp"
#include "source/utf8_check.hpp"

namespace bowshot {

namespace {

std::unexpected<Error> no_memory() {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a batch of rows");
}

std::unexpected<Error> not_utf8(const arrow::Field& field) {
  return fail(ErrorCode::kBadData,
              fmt::format("column \"{}\" holds text that is not UTF-8", field.name()));
}

/// `arrays`, all of one type, as one; `type` where there are none.
Result<std::shared_ptr<arrow::Array>> join(arrow::ArrayVector arrays,
                                           const std::shared_ptr<arrow::DataType>& type) {
  if (arrays.size() == 1) return std::move(arrays[0]);
  auto joined = arrays.empty() ? arrow::MakeEmptyArray(type) : arrow::Concatenate(arrays);
  if (!joined.ok()) return no_memory();
  return *std::move(joined);
}

}  // namespace

int64_t held_bytes(const arrow::Array& array) {
  if (array.type_id() == arrow::Type::DICTIONARY)
    return held_bytes(*static_cast<const arrow::DictionaryArray&>(array).indices());
  return arrow::util::TotalBufferSize(array);
}

Result<ColumnFinisher> ColumnFinisher::make(const Dataset& dataset, int column) {
  ColumnFinisher finisher;
  finisher.column_ = column;
  finisher.field_ = dataset.schema()->field(column);
  finisher.value_type_ = finisher.field_->type();
  if (finisher.field_->type()->id() == arrow::Type::DICTIONARY) {
    finisher.value_type_ = arrow::utf8();
    BOWSHOT_ASSIGN(finisher.dictionary_, dataset.column_dictionary(column));
  }
  return finisher;
}

Error ColumnFinisher::explain(Error error) const {
  error.detail = fmt::format("column \"{}\": {}", field_->name(), error.detail);
  return error;
}

Result<std::shared_ptr<arrow::Array>> ColumnFinisher::finish(
    const arrow::ChunkedArray& values) const {
  arrow::ArrayVector finished;
  for (const auto& chunk : values.chunks()) {
    auto array = dictionary_ ? dictionary_->encode(chunk) : recast(chunk, value_type_);
    if (!array) return std::unexpected(explain(std::move(array).error()));
    if (!dictionary_ && !is_valid_utf8(*(*array)->data())) return not_utf8(*field_);
    finished.push_back(*std::move(array));
  }
  return join(std::move(finished), field_->type());
}

Result<std::shared_ptr<arrow::Array>> ColumnFinisher::prepare_chunk(
    const std::shared_ptr<arrow::Array>& chunk) const {
  if (chunk->type_id() != arrow::Type::DICTIONARY) return recast(chunk, value_type_);
  const auto& codes = static_cast<const arrow::DictionaryArray&>(*chunk);
  BOWSHOT_ASSIGN(auto dictionary, recast(codes.dictionary(), value_type_));
  return std::make_shared<arrow::DictionaryArray>(
      arrow::dictionary(codes.indices()->type(), value_type_), codes.indices(),
      std::move(dictionary));
}

Result<std::shared_ptr<arrow::Array>> ColumnFinisher::prepare(
    const arrow::ChunkedArray& values) const {
  arrow::ArrayVector prepared;
  for (const auto& chunk : values.chunks()) {
    auto array = prepare_chunk(chunk);
    if (!array) return std::unexpected(explain(std::move(array).error()));
    if (!is_valid_utf8(*(*array)->data())) return not_utf8(*field_);
    prepared.push_back(*std::move(array));
  }
  return join(std::move(prepared), value_type_);
}

Result<std::shared_ptr<arrow::Array>> ColumnFinisher::complete(
    std::shared_ptr<arrow::Array> values) const {
  if (!dictionary_) return values;
  auto codes = dictionary_->encode(values);
  if (!codes) return std::unexpected(explain(std::move(codes).error()));
  return codes;
}

Result<std::shared_ptr<arrow::Array>> row_numbers(int64_t first, int64_t rows) {
  auto buffer = arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(int64_t)));
  if (!buffer.ok()) return no_memory();
  auto* numbers = (*buffer)->mutable_data_as<int64_t>();
  std::iota(numbers, numbers + rows, first);
  return std::make_shared<arrow::Int64Array>(rows,
                                             std::shared_ptr<arrow::Buffer>(*std::move(buffer)));
}

}  // namespace bowshot
