#pragma once

#include <string>
#include <vector>

#include "encode/encoder.hpp"

namespace bowshot {

/// `{"columns":[{"name","type"}],"rows":[[...],...]}`, a row a line. Cut off, it is no JSON.
class JsonEncoder final : public Encoder {
 public:
  Result<ByteList> begin(const std::shared_ptr<arrow::Schema>& schema,
                         const AnswerFacts& facts) override;
  Result<ByteList> batch(const std::shared_ptr<arrow::RecordBatch>& batch) override;
  Result<ByteList> end() override;

 private:
  bool has_rows_ = false;
};

/// One object a line. An answer without rows is an empty body.
class NdjsonEncoder final : public Encoder {
 public:
  Result<ByteList> begin(const std::shared_ptr<arrow::Schema>& schema,
                         const AnswerFacts& facts) override;
  Result<ByteList> batch(const std::shared_ptr<arrow::RecordBatch>& batch) override;
  Result<ByteList> end() override;

 private:
  std::vector<std::string> keys_;  // `{"a":`, `,"b":`, ...
};

}  // namespace bowshot
