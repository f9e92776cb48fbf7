#pragma once

#include <arrow/csv/parser.h>
#include <arrow/io/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/stop.hpp"
#include "source/import/csv_dialect.hpp"
#include "source/import/csv_values.hpp"
#include "source/import/record_reader.hpp"
#include "source/import/source_files.hpp"

namespace bowshot {

/// Rows of CSV files of one dialect and one header, as one table. Holds a block of some megabytes.
/// An error names the file and the row, counted from 1 with the header.
class CsvReader : public RecordReader {
 public:
  static Result<std::unique_ptr<CsvReader>> make(FileList files, const ImportOptions& options,
                                                 const StopToken& stop,
                                                 ConversionProgress* progress);
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Result<void> rewind() override;
  Result<void> check_unchanged() const override { return files_.check_unchanged(); }
  boost::json::object details() const override;

 private:
  struct Column {
    std::shared_ptr<arrow::DataType> type;
    bool is_given = false;  // by the options
    // Of a column without values: `""` was seen, which is a text unless numbers come.
    bool has_empty_text = false;
    std::shared_ptr<arrow::DataType> shown_type() const;
  };
  struct BadRow {
    int64_t number = 0;
    int32_t values = 0;
  };
  CsvReader(FileList files, const ImportOptions& options, const StopToken& stop,
            ConversionProgress* progress);
  Result<void> detect();
  Result<void> apply_given_types();
  /// Opens `files_[file_index_]` and goes past its header.
  Result<void> open_file();
  Result<void> skip_header();
  Result<void> open_stream();
  /// Reads until `bytes` are at hand, or the file ends.
  Result<void> read_ahead(size_t bytes);
  std::string_view at_hand() const { return std::string_view(buffer_).substr(buffer_begin_); }
  void advance(size_t bytes);
  /// The next rows, parsed; null at the end of the file.
  Result<std::unique_ptr<arrow::csv::BlockParser>> parse_block();
  Result<std::shared_ptr<arrow::RecordBatch>> convert(const arrow::csv::BlockParser& rows);
  Result<std::shared_ptr<arrow::Array>> convert_column(const arrow::csv::BlockParser& rows,
                                                       int column);
  Error bad_value(int column, const arrow::Status& status) const;
  std::unexpected<Error> bad_file_here(std::string_view what) const;
  void update_schema();

  SourceFiles files_;
  const ImportOptions options_;
  const StopToken stop_;
  const CsvConversion conversion_;
  CsvDialect dialect_;
  std::vector<Column> columns_;
  std::shared_ptr<arrow::Schema> schema_;

  std::shared_ptr<arrow::io::InputStream> stream_;
  std::string buffer_;
  size_t buffer_begin_ = 0;
  size_t block_bytes_;
  bool has_ended_ = false;      // the file: what is at hand is all
  bool ended_with_cr_ = false;  // a \n that follows belongs to it
  int64_t row_number_ = 0;      // rows of the file that are behind
  int64_t rows_skipped_ = 0;    // in all files
  std::optional<BadRow> bad_row_;
};

}  // namespace bowshot
