#pragma once

#include <arrow/ipc/reader.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "encode/encoder.hpp"

namespace bowshot {

/// An answer's Arrow stream as a table that people read: aligned, numbers at the right, control
/// characters escaped. Holds the first kRowsMax rows as text and counts the others. One thread.
///   TextTable table;  table.write(bytes)...;  table.draw(width, facts)
class TextTable {
 public:
  static constexpr size_t kRowsMax = 1'000;
  static constexpr size_t kCellColumnsMax = 48;

  TextTable();
  ~TextTable();
  TextTable(const TextTable&) = delete;
  TextTable& operator=(const TextTable&) = delete;

  /// The next bytes of the stream. `bad_data` when they are no Arrow stream.
  Result<void> write(std::string_view bytes);

  /// At most `width` screen columns wide; columns that do not fit are left out, and the last line
  /// says so, and how many rows there are. `bad_data` before the stream's end.
  Result<std::string> draw(size_t width, const AnswerFacts& facts) const;

 private:
  struct Column {
    std::string name;
    bool is_number = false;
    std::vector<std::string> cells;
  };
  class Listener;
  Result<void> add(const arrow::RecordBatch& batch);
  std::string draw_line(const std::vector<size_t>& widths, size_t row) const;
  std::string footer(size_t columns_drawn, const AnswerFacts& facts) const;

  std::vector<Column> columns_;
  int64_t rows_ = 0;  // drawn or not
  bool is_complete_ = false;
  std::shared_ptr<Listener> listener_;  // shared with the decoder, whose interface wants it so
  std::unique_ptr<arrow::ipc::StreamDecoder> decoder_;
};

/// How many columns of a screen `text` takes: two for wide letters, none for combining marks.
size_t screen_columns(std::string_view text);

}  // namespace bowshot
