#pragma once

#include <arrow/type_fwd.h>

#include <atomic>
#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/error.hpp"

namespace bowshot {

/// How far a conversion is. Written by the one who converts, read by anyone.
struct ConversionProgress {
  std::atomic<int64_t> bytes_total = 0;  // of the source, as it lies on disk
  std::atomic<int64_t> bytes_read = 0;   // of this pass
  std::atomic<int64_t> rows = 0;         // of this pass
  std::atomic<int> pass = 1;             // types that were wrong cost another
  std::function<void()> on_rows;         // called by the one who converts, batch by batch
};

/// The rows of a source that is not Parquet, in order, a batch at a time. Text tells its types only
/// by and by: schema() may become wider with every next(), and never narrower. Who wants one schema
/// for all reads to the end, and then once more from the start. One thread at a time.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// Null at the end. The batch has the schema that schema() gives after this call.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> next() = 0;
  virtual std::shared_ptr<arrow::Schema> schema() const = 0;
  /// From the start again, with the types that are known now.
  virtual Result<void> rewind() = 0;
  /// `version_changed` when a file was written to since it was listed.
  virtual Result<void> check_unchanged() const = 0;
  /// What was found out about the source, for the dataset's JSON; complete at the end.
  virtual boost::json::object details() const { return {}; }
};

}  // namespace bowshot
