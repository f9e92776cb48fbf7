#pragma once

#include <arrow/ipc/type_fwd.h>

#include <memory>

#include "base/stop.hpp"
#include "source/import/record_reader.hpp"
#include "source/import/source_files.hpp"

namespace bowshot {

/// Record batches of Arrow IPC files and streams (which one a file is, its first bytes say) of one
/// schema, as one table. Holds a batch.
class ArrowReader : public RecordReader {
 public:
  static Result<std::unique_ptr<ArrowReader>> make(FileList files, const StopToken& stop,
                                                   ConversionProgress* progress);
  ~ArrowReader() override;
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Result<void> rewind() override;
  Result<void> check_unchanged() const override { return files_.check_unchanged(); }

 private:
  ArrowReader(FileList files, const StopToken& stop, ConversionProgress* progress);
  Result<void> open_file();
  Result<std::shared_ptr<arrow::RecordBatch>> read_batch();

  SourceFiles files_;
  const StopToken stop_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> batches_;  // of a file ...
  std::shared_ptr<arrow::RecordBatchReader> stream_;            // ... or of a stream
  int next_batch_ = 0;
};

}  // namespace bowshot
