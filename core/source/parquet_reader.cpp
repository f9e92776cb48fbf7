#include "source/parquet_reader.hpp"

#include <arrow/memory_pool.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "source/descriptor_input.hpp"

namespace bowshot {

parquet::ReaderProperties reader_properties() {
  constexpr int64_t kBufferBytes = 256 << 10;
  parquet::ReaderProperties properties;
  properties.set_page_checksum_verification(true);
  properties.enable_buffered_stream();
  properties.set_buffer_size(kBufferBytes);
  return properties;
}

std::unique_ptr<parquet::arrow::FileReader> open_arrow_reader(
    const std::shared_ptr<const DataFile>& file, const parquet::ArrowReaderProperties& properties) {
  auto reader = parquet::ParquetFileReader::Open(std::make_shared<DescriptorInput>(file),
                                                 reader_properties(), file->metadata());
  PARQUET_ASSIGN_OR_THROW(auto arrow_reader,
                          parquet::arrow::FileReader::Make(arrow::default_memory_pool(),
                                                           std::move(reader), properties));
  return arrow_reader;
}

}  // namespace bowshot
