#include "encoded_table.hpp"

#include <arrow/buffer.h>
#include <arrow/record_batch.h>

#include <utility>

#include "source/publish/table_body.hpp"

namespace bowshot::abi {

namespace {

/// A table's batches in the protocol's types.
class TableStream : public BatchStream {
 public:
  explicit TableStream(std::unique_ptr<TableBody> table) : table_(std::move(table)) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return table_->schema(); }
  Result<std::shared_ptr<arrow::RecordBatch>> next() override { return table_->next(); }

 private:
  const std::unique_ptr<TableBody> table_;
};

}  // namespace

Result<std::unique_ptr<EncodedTable>> EncodedTable::make(
    std::shared_ptr<arrow::RecordBatchReader> batches, const Preferences& preferences,
    const StopToken& stop) {
  BOWSHOT_ASSIGN(const Negotiated negotiated, negotiate(Shape::kRows, preferences));
  BOWSHOT_ASSIGN(auto table, TableBody::make(std::move(batches), stop));
  std::unique_ptr<EncodedTable> encoded(new EncodedTable);
  BOWSHOT_ASSIGN(encoded->body_, Body::make(negotiated, /*facts=*/{},
                                            std::make_unique<TableStream>(std::move(table)), {}));
  BOWSHOT_ASSIGN(encoded->first_, encoded->body_->next());
  return encoded;
}

Result<std::string_view> EncodedTable::next() {
  if (std::exchange(has_first_, false)) return join(std::exchange(first_, {}));
  BOWSHOT_ASSIGN(ByteList bytes, body_->next());
  return join(std::move(bytes));
}

std::string_view EncodedTable::abort() {
  return join(body_->abort());
}

std::string_view EncodedTable::join(ByteList bytes) {
  shown_ = std::move(bytes);
  if (shown_.size() == 1) return std::string_view(*shown_.front());
  joined_.clear();
  for (const auto& piece : shown_) joined_ += std::string_view(*piece);
  shown_.clear();
  return joined_;
}

}  // namespace bowshot::abi
