#pragma once

#include <arrow/io/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/stop.hpp"
#include "source/import/import_options.hpp"
#include "source/import/record_reader.hpp"
#include "source/import/source_files.hpp"

namespace bowshot {

/// Objects of newline-delimited JSON files as rows of one table: a column for each name, in order
/// of appearance, null where an object has it not. Holds a block of some megabytes. A value of
/// another kind than those before it (a text after numbers) is an error that names the row.
class NdjsonReader : public RecordReader {
 public:
  static Result<std::unique_ptr<NdjsonReader>> make(FileList files, const ImportOptions& options,
                                                    const StopToken& stop,
                                                    ConversionProgress* progress);
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Result<void> rewind() override;
  Result<void> check_unchanged() const override { return files_.check_unchanged(); }
  boost::json::object details() const override;

 private:
  NdjsonReader(FileList files, const ImportOptions& options, const StopToken& stop,
               ConversionProgress* progress)
      : files_(std::move(files), stop, progress), options_(options), stop_(stop) {}
  Result<void> open_file();
  /// Whole lines; empty at the end of the file.
  Result<std::string> next_lines();
  Result<std::shared_ptr<arrow::RecordBatch>> parse(const std::shared_ptr<arrow::Buffer>& lines);
  std::unexpected<Error> bad_lines(const arrow::Status& status) const;

  SourceFiles files_;
  const ImportOptions options_;
  const StopToken stop_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::io::InputStream> stream_;
  std::string buffer_;  // the beginning of a line that is not whole yet
  bool has_ended_ = false;
  int64_t row_number_ = 0;  // rows of the file that are behind
};

/// The narrowest type that holds what both hold; `bad_data` where there is none, such as for a
/// number and a text.
Result<std::shared_ptr<arrow::DataType>> join_json_types(const std::shared_ptr<arrow::DataType>& a,
                                                         const std::shared_ptr<arrow::DataType>& b);

}  // namespace bowshot
