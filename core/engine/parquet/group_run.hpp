#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/stop.hpp"
#include "engine/parquet/page_map.hpp"
#include "source/dataset.hpp"

namespace parquet::arrow {
class ColumnReader;
class FileReader;
}  // namespace parquet::arrow

namespace bowshot {

/// Which rows of a file: from `first_row` of row group `group_begin` on, up to the end of row group
/// `group_end - 1`.
struct GroupSpan {
  int group_begin = 0;
  int group_end = 0;
  int64_t first_row = 0;  // within the first row group
  int64_t rows = 0;       // that will be read, at most; a few are read in another way than many
};

/// Reads some columns of consecutive row groups from a row on, page by page: a column chunk is
/// never held whole. Different columns may be read by different threads at the same time.
class GroupRun {
 public:
  /// `columns` are top-level columns of the file. `skip_rows_max` bounds what is decoded at once on
  /// the way to the first row, where pages cannot be skipped.
  static Result<std::unique_ptr<GroupRun>> make(std::shared_ptr<const DataFile> file,
                                                GroupSpan span, const std::vector<int>& columns,
                                                int64_t skip_rows_max, PageMapCache& page_maps);
  ~GroupRun();

  /// The next `rows` rows of `columns[slot]`, of the declared type; `rows` within the span.
  Result<std::shared_ptr<arrow::ChunkedArray>> next(size_t slot, int64_t rows,
                                                    const StopToken& stop);
  /// Whether the rows that come can be read by a new run at the cost of a page or so a column.
  bool is_reopened_cheaply() const { return is_reopened_cheaply_; }

 private:
  struct Column {
    std::unique_ptr<parquet::arrow::ColumnReader> reader;
    int64_t skip_rows = 0;  // still before the first row
  };
  GroupRun() = default;
  Result<void> skip(Column& column, const StopToken& stop);

  std::shared_ptr<const DataFile> file_;
  int64_t skip_rows_max_ = 0;
  bool is_reopened_cheaply_ = true;
  std::unique_ptr<parquet::arrow::FileReader> reader_;  // the columns' readers point into it
  std::vector<Column> columns_;
};

/// About how many bytes a row of `columns` takes as Arrow, by the footer's sums for a row group;
/// less where dictionaries hide the length of texts, which `is_exact` tells.
struct RowBytes {
  double bytes = 0;
  bool is_exact = true;
};
Result<RowBytes> estimate_row_bytes(const DataFile& file, int group,
                                    const std::vector<int>& columns);

}  // namespace bowshot
