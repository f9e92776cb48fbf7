#include "encode/parquet.hpp"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "encode/arrow_messages.hpp"

namespace bowshot {
namespace {

/// Many answers may run at once, and each holds a row group.
constexpr int64_t kGroupBytesMax = int64_t{16} << 20;

}  // namespace

ParquetEncoder::ParquetEncoder() : bytes_(std::make_shared<ByteCollector>()) {}

ParquetEncoder::~ParquetEncoder() = default;

Result<ByteList> ParquetEncoder::begin(const std::shared_ptr<arrow::Schema>& schema,
                                       const AnswerFacts& facts) {
  BOWSHOT_ASSIGN(writer_, ParquetWriter::make(with_facts(*schema, facts), bytes_, kGroupBytesMax));
  return bytes_->take();
}

Result<ByteList> ParquetEncoder::batch(const std::shared_ptr<arrow::RecordBatch>& batch) {
  BOWSHOT_TRY(writer_->write(*batch));
  return bytes_->take();
}

Result<ByteList> ParquetEncoder::end() {
  BOWSHOT_TRY(writer_->finish());
  return bytes_->take();
}

}  // namespace bowshot
