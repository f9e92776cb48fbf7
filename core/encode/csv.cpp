#include "encode/csv.hpp"

#include <arrow/type.h>

#include "encode/text_escape.hpp"
#include "encode/text_rows.hpp"

namespace bowshot {

Result<ByteList> CsvEncoder::begin(const std::shared_ptr<arrow::Schema>& schema,
                                   const AnswerFacts&) {
  std::string out;
  for (int i = 0; i < schema->num_fields(); ++i) {
    if (i > 0) out += ',';
    append_csv_text(schema->field(i)->name(), out);
  }
  out += "\r\n";
  return bytes_of(std::move(out));
}

Result<ByteList> CsvEncoder::batch(const std::shared_ptr<arrow::RecordBatch>& batch) {
  BOWSHOT_ASSIGN(const CellWriters columns, make_cell_writers(*batch, TextStyle::kCsv));
  std::string out;
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    for (size_t column = 0; column < columns.size(); ++column) {
      if (column > 0) out += ',';
      columns[column]->append(row, out);
    }
    out += "\r\n";
  }
  return bytes_of(std::move(out));
}

Result<ByteList> CsvEncoder::end() {
  return ByteList{};
}

}  // namespace bowshot
