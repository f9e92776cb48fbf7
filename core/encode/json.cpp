#include "encode/json.hpp"

#include <arrow/type.h>

#include "encode/text_escape.hpp"
#include "encode/text_rows.hpp"
#include "source/data_type.hpp"

namespace bowshot {

Result<ByteList> JsonEncoder::begin(const std::shared_ptr<arrow::Schema>& schema,
                                    const AnswerFacts&) {
  std::string out = R"({"columns":[)";
  for (int i = 0; i < schema->num_fields(); ++i) {
    if (i > 0) out += ',';
    out += R"({"name":)";
    append_json_text(schema->field(i)->name(), out);
    out += R"(,"type":)";
    append_json_text(type_name(*schema->field(i)->type()), out);
    out += '}';
  }
  out += R"(],"rows":[)";
  return bytes_of(std::move(out));
}

Result<ByteList> JsonEncoder::batch(const std::shared_ptr<arrow::RecordBatch>& batch) {
  BOWSHOT_ASSIGN(const CellWriters columns, make_cell_writers(*batch, TextStyle::kJson));
  std::string out;
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    out += has_rows_ ? ",\n[" : "\n[";
    has_rows_ = true;
    for (size_t column = 0; column < columns.size(); ++column) {
      if (column > 0) out += ',';
      columns[column]->append(row, out);
    }
    out += ']';
  }
  return bytes_of(std::move(out));
}

Result<ByteList> JsonEncoder::end() {
  return bytes_of(has_rows_ ? "\n]}\n" : "]}\n");
}

Result<ByteList> NdjsonEncoder::begin(const std::shared_ptr<arrow::Schema>& schema,
                                      const AnswerFacts&) {
  for (const auto& field : schema->fields()) {
    std::string& key = keys_.emplace_back(keys_.empty() ? "{" : ",");
    append_json_text(field->name(), key);
    key += ':';
  }
  return ByteList{};
}

Result<ByteList> NdjsonEncoder::batch(const std::shared_ptr<arrow::RecordBatch>& batch) {
  BOWSHOT_ASSIGN(const CellWriters columns, make_cell_writers(*batch, TextStyle::kJson));
  std::string out;
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    for (size_t column = 0; column < columns.size(); ++column) {
      out += keys_[column];
      columns[column]->append(row, out);
    }
    out += "}\n";
  }
  return bytes_of(std::move(out));
}

Result<ByteList> NdjsonEncoder::end() {
  return ByteList{};
}

}  // namespace bowshot
