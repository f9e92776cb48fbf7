#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/stop.hpp"

namespace bowshot {

/// How a published table is written down.
enum class TableFormat { kArrowStream, kArrowFile, kParquet };

/// The next bytes of a body; empty at its end.
using BodyChunks = std::function<Result<std::string>()>;

/// The record batches of a published body, in the protocol's types. Reads the body to its end, and
/// takes nothing for whole that is not: a stream needs its end marker, a file its footer. One
/// thread at a time.
class TableBody {
 public:
  /// Files are kept in `spool` first, an empty file that is open for reading and writing.
  /// Errors: `bad_data`, `out_of_space`, and those of `chunks`.
  static Result<std::unique_ptr<TableBody>> make(TableFormat format, BodyChunks chunks, int spool,
                                                 const StopToken& stop);
  /// The batches of a reader in this process; `keeps_views`: those of text and binary stay what
  /// they are.
  static Result<std::unique_ptr<TableBody>> make(std::shared_ptr<arrow::RecordBatchReader> batches,
                                                 const StopToken& stop, bool keeps_views = false);
  virtual ~TableBody() = default;

  /// Protocol types; no metadata.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// Null at the end, which is the end of the body too.
  Result<std::shared_ptr<arrow::RecordBatch>> next();

 protected:
  /// `is_checked`: what read() gives came from outside, and may say wrong things of itself.
  explicit TableBody(const StopToken& stop, bool is_checked = true, bool keeps_views = false)
      : stop_(stop), is_checked_(is_checked), keeps_views_(keeps_views) {}
  /// As the body declares it; `schema_` follows from it.
  Result<void> declare(const arrow::Schema& schema);

 private:
  Result<std::shared_ptr<arrow::Array>> convert(const std::shared_ptr<arrow::Array>& array,
                                                int column);
  Result<std::shared_ptr<arrow::Array>> convert_codes(const arrow::DictionaryArray& array,
                                                      int column);
  /// The next batch as the body has it.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> read() = 0;

  const StopToken stop_;
  const bool is_checked_;
  const bool keeps_views_;
  std::shared_ptr<arrow::Schema> schema_;

  /// A column's dictionary, before and after it was converted: batches tend to share one.
  struct Dictionary {
    std::shared_ptr<arrow::ArrayData> source;
    std::shared_ptr<arrow::Array> values;
  };
  std::vector<Dictionary> dictionaries_;
};

}  // namespace bowshot
