#pragma once

#include <memory>

#include "base/stop.hpp"
#include "source/file_list.hpp"
#include "source/import/record_reader.hpp"

namespace bowshot {

/// The rows of Parquet files of one schema, to be written anew: smaller pages, an index, checksums,
/// and what hive folders' names say as columns after the files' own.
Result<std::unique_ptr<RecordReader>> open_parquet_files(const FileList& files,
                                                         const StopToken& stop,
                                                         ConversionProgress* progress);

}  // namespace bowshot
