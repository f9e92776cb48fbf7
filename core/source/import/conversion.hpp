#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/stop.hpp"
#include "source/file_kind.hpp"
#include "source/file_list.hpp"
#include "source/import/checked_output.hpp"
#include "source/import/duckdb_table_reader.hpp"
#include "source/import/import_options.hpp"
#include "source/import/record_reader.hpp"

namespace bowshot {

/// What is converted: files of one kind, or a table of a database.
struct ConversionSource {
  FileKind kind = FileKind::kCsv;
  FileList files;
  DuckDbTable table = {};  // of a database
  ImportOptions options;

  /// Equal texts mean equal conversions: identities of files, options, the converter's version.
  std::string canonical() const;
};

struct ConversionResult {
  int64_t rows = 0;
  uint64_t checksum = 0;
  int64_t bytes = 0;
  boost::json::object details;  // RecordReader::details()
};

/// The reader for the kind of `source`.
Result<std::unique_ptr<RecordReader>> open_record_reader(const ConversionSource& source,
                                                         const StopToken& stop,
                                                         ConversionProgress* progress);

/// Converts `source` into `output`, which is kept on success alone: streaming, a block of the
/// source and a row group in memory. Errors: what is wrong with the source (`bad_data`, with file
/// and row), `version_changed` where it was written to meanwhile, `out_of_space`, the stop's.
Result<ConversionResult> convert(const ConversionSource& source, CheckedOutput& output,
                                 const StopToken& stop, ConversionProgress& progress);

}  // namespace bowshot
