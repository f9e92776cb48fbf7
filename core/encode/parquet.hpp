#pragma once

#include <memory>

#include "encode/byte_collector.hpp"
#include "encode/encoder.hpp"
#include "source/parquet_writer.hpp"

namespace bowshot {

/// Parquet, a row group at a time: its bytes come when it is full. A file that was broken off has
/// no footer, and so is none.
class ParquetEncoder final : public Encoder {
 public:
  ParquetEncoder();
  ~ParquetEncoder() override;

  Result<ByteList> begin(const std::shared_ptr<arrow::Schema>& schema,
                         const AnswerFacts& facts) override;
  Result<ByteList> batch(const std::shared_ptr<arrow::RecordBatch>& batch) override;
  Result<ByteList> end() override;

 private:
  std::shared_ptr<ByteCollector> bytes_;  // shared with the writer
  std::unique_ptr<ParquetWriter> writer_;
};

}  // namespace bowshot
