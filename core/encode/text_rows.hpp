#pragma once

#include <arrow/array/array_base.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "encode/encoder.hpp"
#include "encode/text_value.hpp"

namespace bowshot {

using CellWriters = std::vector<std::unique_ptr<CellWriter>>;

/// One a column; `batch` keeps the arrays that they refer to.
inline Result<CellWriters> make_cell_writers(const arrow::RecordBatch& batch, TextStyle style) {
  CellWriters writers;
  for (const auto& column : batch.columns()) {
    BOWSHOT_ASSIGN(auto writer, make_cell_writer(*column, style));
    writers.push_back(std::move(writer));
  }
  return writers;
}

/// `text` as one piece, without a copy; none when it is empty.
inline ByteList bytes_of(std::string text) {
  if (text.empty()) return {};
  return {arrow::Buffer::FromString(std::move(text))};
}

}  // namespace bowshot
