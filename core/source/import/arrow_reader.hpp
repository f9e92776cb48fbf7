#pragma once

#include <arrow/ipc/type_fwd.h>

#include <memory>
#include <vector>

#include "base/stop.hpp"
#include "source/file_list.hpp"
#include "source/import/record_reader.hpp"
#include "source/import/source_file.hpp"

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
  Result<void> check_unchanged() const override;

 private:
  ArrowReader(FileList files, const StopToken& stop, ConversionProgress* progress);
  Result<void> open_file();
  Result<std::shared_ptr<arrow::RecordBatch>> read_batch();

  const FileList files_;
  const StopToken stop_;
  ConversionProgress* const progress_;  // outlives this
  std::shared_ptr<arrow::Schema> schema_;
  size_t file_index_ = 0;
  std::shared_ptr<SourceFile> file_;
  std::vector<std::shared_ptr<SourceFile>> read_files_;         // of this pass: watched to its end
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> batches_;  // of a file ...
  std::shared_ptr<arrow::RecordBatchReader> stream_;            // ... or of a stream
  int next_batch_ = 0;
};

}  // namespace bowshot
