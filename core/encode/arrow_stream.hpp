#pragma once

#include <memory>

#include "encode/arrow_messages.hpp"
#include "encode/encoder.hpp"

namespace bowshot {

/// The Arrow IPC streaming format as scatter lists: column data is pointed at, not copied; what is
/// small (message heads, paddings, short buffers) is gathered into few pieces.
class ArrowStreamEncoder final : public Encoder {
 public:
  explicit ArrowStreamEncoder(ArrowCodec codec);
  ~ArrowStreamEncoder() override;

  Result<ByteList> begin(const std::shared_ptr<arrow::Schema>& schema,
                         const AnswerFacts& facts) override;
  Result<ByteList> batch(const std::shared_ptr<arrow::RecordBatch>& batch) override;
  Result<ByteList> end() override;
  ByteList abort() override;

 private:
  ArrowMessages messages_;
};

}  // namespace bowshot
