#include <arrow/buffer.h>
#include <arrow/type.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <parquet/arrow/schema.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>
#include <parquet/xxhasher.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "source/dataset.hpp"
#include "source/foreign.hpp"
#include "source/positioned_input.hpp"

namespace bowshot {

namespace {

constexpr int64_t kMagicBytes = 4;
constexpr int64_t kTailBytes = 8;  // the footer's length, then "PAR1"

Result<FileIdentity> identify(int descriptor, const std::string& name) {
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0)
    return fail(ErrorCode::kBadData, fmt::format("'{}': {}", name, std::strerror(errno)));
  if (!S_ISREG(status.st_mode))
    return fail(ErrorCode::kBadData, fmt::format("'{}' is not a file", name));
  return FileIdentity{
      .device = status.st_dev,
      .inode = status.st_ino,
      .bytes = status.st_size,
      .modified_ns = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

Result<std::shared_ptr<arrow::Buffer>> read_exactly(int descriptor, const std::string& name,
                                                    int64_t position, int64_t bytes) {
  return read_guarded<std::shared_ptr<arrow::Buffer>>(
      name, [&]() -> arrow::Result<std::shared_ptr<arrow::Buffer>> {
        ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(bytes));
        ARROW_ASSIGN_OR_RAISE(const int64_t done,
                              read_at(descriptor, position, bytes, buffer->mutable_data()));
        if (done < bytes)
          return arrow::Status::IOError("the file became shorter while it was read");
        return std::shared_ptr<arrow::Buffer>(std::move(buffer));
      });
}

Result<std::shared_ptr<arrow::Buffer>> read_footer(int descriptor, const std::string& name,
                                                   int64_t file_bytes) {
  if (file_bytes == 0) return fail(ErrorCode::kBadData, fmt::format("'{}' is empty", name));
  const auto not_parquet = [&](std::string_view why) {
    return fail(ErrorCode::kBadData, fmt::format("'{}' is not a Parquet file: {}", name, why));
  };
  if (file_bytes < kMagicBytes + kTailBytes) return not_parquet("it is too short");
  BOWSHOT_ASSIGN(auto head, read_exactly(descriptor, name, 0, kMagicBytes));
  BOWSHOT_ASSIGN(auto tail, read_exactly(descriptor, name, file_bytes - kTailBytes, kTailBytes));
  const std::string_view magic(reinterpret_cast<const char*>(tail->data()) + 4, kMagicBytes);
  if (magic == "PARE") return fail(ErrorCode::kBadData, fmt::format("'{}' is encrypted", name));
  if (std::memcmp(head->data(), "PAR1", kMagicBytes) != 0)
    return not_parquet("it does not begin as one");
  if (magic != "PAR1") return not_parquet("its end is missing; it may have been cut off");
  uint32_t footer_bytes = 0;
  std::memcpy(&footer_bytes, tail->data(), sizeof footer_bytes);
  const int64_t footer_bytes_max = file_bytes - kMagicBytes - kTailBytes;
  if (footer_bytes == 0 || footer_bytes > footer_bytes_max)
    return not_parquet(fmt::format("its footer claims {} of {} bytes", footer_bytes, file_bytes));
  return read_exactly(descriptor, name, file_bytes - kTailBytes - footer_bytes, footer_bytes);
}

uint64_t hash_bytes(const arrow::Buffer& bytes) {
  const parquet::ByteArray view(static_cast<uint32_t>(bytes.size()), bytes.data());
  return parquet::XxHasher().Hash(&view);
}

/// Prefix sums of the row groups, which must be sane: everything else adds to them.
Result<std::vector<int64_t>> sum_row_groups(const parquet::FileMetaData& metadata,
                                            const std::string& name) {
  std::vector<int64_t> starts = {0};
  starts.reserve(static_cast<size_t>(metadata.num_row_groups()) + 1);
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    const int64_t rows = metadata.RowGroup(group)->num_rows();
    if (rows < 0 || rows > INT64_MAX / 2 - starts.back())
      return fail(ErrorCode::kBadData,
                  fmt::format("'{}': row group {} claims {} rows", name, group, rows));
    starts.push_back(starts.back() + rows);
  }
  if (starts.back() != metadata.num_rows())
    return fail(ErrorCode::kBadData,
                fmt::format("'{}': the footer claims {} rows, its row groups {}", name,
                            metadata.num_rows(), starts.back()));
  return starts;
}

/// Leaves are numbered in the order of the top-level columns that they belong to.
std::vector<int> sum_leaves(const parquet::SchemaDescriptor& schema) {
  std::vector<int> starts = {0};
  const parquet::schema::GroupNode& root = *schema.group_node();
  int leaf = 0;
  for (int column = 0; column < root.field_count(); ++column) {
    while (leaf < schema.num_columns() && schema.GetColumnRoot(leaf) == root.field(column).get())
      ++leaf;
    starts.push_back(leaf);
  }
  return starts;
}

}  // namespace

Result<std::shared_ptr<const DataFile>> DataFile::make(const std::string& path,
                                                       std::string display_name) {
  if (display_name.empty()) display_name = std::filesystem::path(path).filename().string();
  std::shared_ptr<DataFile> file(new DataFile);
  file->display_name_ = std::move(display_name);
  const std::string& name = file->display_name_;
  // Without O_NONBLOCK, opening a named pipe would wait for its writer.
  file->descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file->descriptor_ < 0)
    return fail(ErrorCode::kBadData,
                fmt::format("'{}' cannot be opened: {}", name, std::strerror(errno)));
  BOWSHOT_ASSIGN(file->identity_, identify(file->descriptor_, name));
  BOWSHOT_ASSIGN(const auto footer, read_footer(file->descriptor_, name, file->identity_.bytes));
  file->identity_.footer_hash = hash_bytes(*footer);
  BOWSHOT_ASSIGN(file->metadata_, (read_guarded<std::shared_ptr<parquet::FileMetaData>>(name, [&] {
                   return parquet::FileMetaData::Make(footer->data(), footer->size());
                 })));
  if (file->metadata_->is_encryption_algorithm_set())
    return fail(ErrorCode::kBadData, fmt::format("'{}' is encrypted", name));
  BOWSHOT_ASSIGN(file->group_starts_, (read_guarded<std::vector<int64_t>>(name, [&] {
                   return sum_row_groups(*file->metadata_, name);
                 })));
  BOWSHOT_ASSIGN(file->leaf_starts_, (read_guarded<std::vector<int>>(name, [&] {
                   return sum_leaves(*file->metadata_->schema());
                 })));
  BOWSHOT_ASSIGN(file->declared_schema_,
                 (read_guarded<std::shared_ptr<arrow::Schema>>(
                     name, [&]() -> arrow::Result<std::shared_ptr<arrow::Schema>> {
                       std::shared_ptr<arrow::Schema> schema;
                       ARROW_RETURN_NOT_OK(parquet::arrow::FromParquetSchema(
                           file->metadata_->schema(), parquet::default_arrow_reader_properties(),
                           file->metadata_->key_value_metadata(), &schema));
                       return schema;
                     })));
  if (file->leaf_starts_.size() != static_cast<size_t>(file->declared_schema_->num_fields()) + 1)
    return fail(ErrorCode::kBadData, fmt::format("'{}': its two schemas differ", name));
  BOWSHOT_TRY(file->check_unchanged());  // while the footer was read
  return file;
}

DataFile::~DataFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> DataFile::check_unchanged() const {
  BOWSHOT_ASSIGN(FileIdentity now, identify(descriptor_, display_name_));
  now.footer_hash = identity_.footer_hash;  // the clock and the length tell of a write
  if (now == identity_) return {};
  return fail(ErrorCode::kVersionChanged,
              fmt::format("'{}' was changed while it was read", display_name_));
}

}  // namespace bowshot
