#pragma once

#include <memory>

#include "encode/arrow_messages.hpp"
#include "encode/byte_collector.hpp"
#include "encode/encoder.hpp"

namespace arrow::ipc::internal {
class IpcPayloadWriter;
}

namespace bowshot {

/// The Arrow IPC file format: the stream's messages, then a footer that says where they are. A file
/// that was broken off has no footer, and so is none.
class ArrowFileEncoder final : public Encoder {
 public:
  explicit ArrowFileEncoder(ArrowCodec codec);
  ~ArrowFileEncoder() override;

  Result<ByteList> begin(const std::shared_ptr<arrow::Schema>& schema,
                         const AnswerFacts& facts) override;
  Result<ByteList> batch(const std::shared_ptr<arrow::RecordBatch>& batch) override;
  Result<ByteList> end() override;

 private:
  Result<ByteList> write(const ArrowMessages::Payloads& payloads);

  ArrowMessages messages_;
  ByteCollector bytes_;
  std::unique_ptr<arrow::ipc::internal::IpcPayloadWriter> writer_;  // into bytes_
};

}  // namespace bowshot
