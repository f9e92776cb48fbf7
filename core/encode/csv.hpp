#pragma once

#include "encode/encoder.hpp"

namespace bowshot {

/// RFC 4180: CRLF, a header row; a null is nothing, an empty text is `""`.
class CsvEncoder final : public Encoder {
 public:
  Result<ByteList> begin(const std::shared_ptr<arrow::Schema>& schema,
                         const AnswerFacts& facts) override;
  Result<ByteList> batch(const std::shared_ptr<arrow::RecordBatch>& batch) override;
  Result<ByteList> end() override;
};

}  // namespace bowshot
