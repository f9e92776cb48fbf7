#include "encode/arrow_file.hpp"

#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "encode/arrow_status.hpp"

namespace bowshot {

ArrowFileEncoder::ArrowFileEncoder(ArrowCodec codec)
    : messages_(codec, ArrowMessages::Dictionaries::kFixed) {}

ArrowFileEncoder::~ArrowFileEncoder() = default;

Result<ByteList> ArrowFileEncoder::begin(const std::shared_ptr<arrow::Schema>& schema,
                                         const AnswerFacts& facts) {
  BOWSHOT_ASSIGN(const auto payloads, messages_.begin(schema, facts));
  BOWSHOT_ASSIGN(writer_, from_arrow(arrow::ipc::internal::MakePayloadFileWriter(
                              &bytes_, messages_.schema())));
  BOWSHOT_TRY(from_arrow(writer_->Start()));
  return write(payloads);
}

Result<ByteList> ArrowFileEncoder::batch(const std::shared_ptr<arrow::RecordBatch>& batch) {
  BOWSHOT_ASSIGN(const auto payloads, messages_.batch(*batch));
  return write(payloads);
}

Result<ByteList> ArrowFileEncoder::write(const ArrowMessages::Payloads& payloads) {
  for (const auto& payload : payloads) BOWSHOT_TRY(from_arrow(writer_->WritePayload(payload)));
  return bytes_.take();
}

Result<ByteList> ArrowFileEncoder::end() {
  BOWSHOT_TRY(from_arrow(writer_->Close()));
  return bytes_.take();
}

}  // namespace bowshot
