#pragma once

#include <arrow/type_fwd.h>
#include <parquet/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace bowshot {

/// What pins an opened file: a change of any of these is a change of the dataset's version.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t bytes = 0;
  int64_t modified_ns = 0;
  uint64_t footer_hash = 0;
  bool operator==(const FileIdentity&) const = default;
};

/// One Parquet file, held open and read by descriptor for as long as any dataset version holds it.
/// Immutable after make(); safe from any thread.
class DataFile {
 public:
  /// `display_name` is the path below the dataset's root; empty: the path's last part.
  static Result<std::shared_ptr<const DataFile>> make(const std::string& path,
                                                      std::string display_name = {});
  ~DataFile();
  DataFile(const DataFile&) = delete;
  DataFile& operator=(const DataFile&) = delete;

  int descriptor() const { return descriptor_; }
  /// The name to show in errors: relative, never a path of the host.
  const std::string& display_name() const { return display_name_; }
  const FileIdentity& identity() const { return identity_; }
  int64_t rows() const { return group_starts_.back(); }
  /// Prefix sums: row group g holds the file's rows [group_starts()[g], group_starts()[g + 1]).
  const std::vector<int64_t>& group_starts() const { return group_starts_; }
  /// The leaf columns of top-level column c are [leaf_starts()[c], leaf_starts()[c + 1]).
  const std::vector<int>& leaf_starts() const { return leaf_starts_; }
  const std::shared_ptr<parquet::FileMetaData>& metadata() const { return metadata_; }
  /// The Arrow schema as the file declares it, before protocol_type().
  const std::shared_ptr<arrow::Schema>& declared_schema() const { return declared_schema_; }
  /// `version_changed` when the open file was overwritten, truncated or touched since make().
  Result<void> check_unchanged() const;

 private:
  DataFile() = default;
  int descriptor_ = -1;
  std::string display_name_;
  FileIdentity identity_;
  std::vector<int64_t> group_starts_;
  std::vector<int> leaf_starts_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::shared_ptr<arrow::Schema> declared_schema_;
};

class ColumnDictionary;
class MemoryTable;

/// One file of a dataset and where its rows begin in the dataset's natural order.
struct DatasetFile {
  std::shared_ptr<const DataFile> file;  // shared by the versions that hold the same file
  int64_t first_row = 0;
};

/// One version of a dataset: a pinned, immutable table. Safe from any thread.
class Dataset {
 public:
  /// Opens `paths` (in this order) as one table; every file must have the first one's schema.
  static Result<std::shared_ptr<const Dataset>> make(std::string name,
                                                     const std::vector<std::string>& paths);
  /// The same for files that are open already.
  static Result<std::shared_ptr<const Dataset>> make(
      std::string name, std::vector<std::shared_ptr<const DataFile>> files);

  /// The same for a table in memory, under the types that it has.
  static Result<std::shared_ptr<const Dataset>> make(std::string name,
                                                     std::shared_ptr<const MemoryTable> table);

  const std::string& name() const { return name_; }
  const std::string& version() const { return version_; }
  /// Protocol types; dictionary<utf8> columns are dictionary(int32, utf8). No metadata.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// None: the rows are those of table().
  const std::vector<DatasetFile>& files() const { return files_; }
  /// Null: the rows are those of files().
  const std::shared_ptr<const MemoryTable>& table() const { return table_; }
  int64_t rows() const { return rows_; }
  int64_t bytes() const { return bytes_; }
  bool has_row_numbers() const { return true; }
  /// Index of a column by its exact name, or -1.
  int column_index(std::string_view name) const;
  /// Checks every held file; a stream calls it before it ends (and often before), so that a file
  /// that was overwritten in place ends it with `version_changed` instead of a mix.
  Result<void> check_unchanged() const;
  /// The whole dictionary of a dictionary<utf8> column: distinct values in order of appearance.
  /// Read once a version, from dictionary pages where the column is wholly encoded so (then in
  /// their order, and with values that no row has).
  Result<std::shared_ptr<arrow::Array>> dictionary(int column) const;
  /// The same with its inverse: what an engine encodes that column's values by.
  Result<std::shared_ptr<const ColumnDictionary>> column_dictionary(int column) const;

 private:
  Dataset() = default;
  void index_columns();
  struct Dictionaries;
  std::string name_;
  std::string version_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<DatasetFile> files_;
  std::shared_ptr<const MemoryTable> table_;  // shared by whoever reads it
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
  std::shared_ptr<Dictionaries> dictionaries_;  // filled lazily under its own lock
};

}  // namespace bowshot
