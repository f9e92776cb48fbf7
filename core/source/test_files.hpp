#pragma once

// For tests only: temporary folders, and Parquet files written as different writers would.

#include <arrow/io/file.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace bowshot {

/// A folder that is gone at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bowshot-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

struct WriteOptions {
  int64_t group_rows = 1'000;
  int64_t page_bytes = 1'024;
  int64_t page_rows = 20'000;
  bool has_page_index = true;
  bool is_dictionary_encoded = true;
  bool stores_arrow_schema = true;
  parquet::ParquetDataPageVersion page_version = parquet::ParquetDataPageVersion::V1;
  arrow::Compression::type codec = arrow::Compression::ZSTD;
};

inline void write_parquet(const arrow::Table& table, const std::string& path,
                          const WriteOptions& options = {}) {
  parquet::WriterProperties::Builder properties;
  properties.data_pagesize(options.page_bytes)
      ->max_rows_per_page(options.page_rows)
      ->write_batch_size(64)
      ->enable_page_checksum()
      ->data_page_version(options.page_version)
      ->compression(options.codec);
  options.has_page_index ? properties.enable_write_page_index()
                         : properties.disable_write_page_index();
  options.is_dictionary_encoded ? properties.enable_dictionary() : properties.disable_dictionary();
  parquet::ArrowWriterProperties::Builder arrow_properties;
  if (options.stores_arrow_schema) arrow_properties.store_schema();
  auto sink = arrow::io::FileOutputStream::Open(path);
  ASSERT_TRUE(sink.ok()) << sink.status();
  const auto status =
      parquet::arrow::WriteTable(table, arrow::default_memory_pool(), *sink, options.group_rows,
                                 properties.build(), arrow_properties.build());
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_TRUE((*sink)->Close().ok());
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace bowshot
