#include "engine/parquet/column_run.hpp"

#include <arrow/chunked_array.h>
#include <arrow/memory_pool.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <vector>

#include "engine/parquet/leaf_places.hpp"
#include "engine/parquet/paged_contents.hpp"
#include "source/foreign.hpp"

namespace bowshot {

namespace {

/// A file of one row group, whichever `aim` says.
class AimedContents : public parquet::ParquetFileReader::Contents {
 public:
  explicit AimedContents(std::shared_ptr<parquet::FileMetaData> metadata)
      : metadata_(std::move(metadata)) {}

  void aim(std::shared_ptr<const PagedGroups> groups) { groups_ = std::move(groups); }

  void Close() override {}
  std::shared_ptr<parquet::RowGroupReader> GetRowGroup(int) override {
    return std::make_shared<parquet::RowGroupReader>(
        open_paged_group(groups_, groups_->group_begin));
  }
  std::shared_ptr<parquet::FileMetaData> metadata() const override { return metadata_; }
  std::shared_ptr<parquet::PageIndexReader> GetPageIndexReader() override { return nullptr; }
  parquet::BloomFilterReader& GetBloomFilterReader() override {
    throw parquet::ParquetException("bloom filters are not read here");
  }

 private:
  std::shared_ptr<parquet::FileMetaData> metadata_;  // of the first row group only
  std::shared_ptr<const PagedGroups> groups_;        // shared with the row group's readers
};

parquet::ArrowReaderProperties arrow_properties(const parquet::SchemaDescriptor& schema,
                                                bool texts_as_codes) {
  parquet::ArrowReaderProperties properties;
  properties.set_pre_buffer(false);
  for (int leaf = 0; texts_as_codes && leaf < schema.num_columns(); ++leaf) {
    const parquet::ColumnDescriptor& column = *schema.Column(leaf);
    if (column.physical_type() == parquet::Type::BYTE_ARRAY && column.max_repetition_level() == 0)
      properties.set_read_dictionary(leaf, true);
  }
  return properties;
}

}  // namespace

class AimedReader {
 public:
  AimedReader(const DataFile& file, bool texts_as_codes)
      : identity_(file.identity()), texts_as_codes_(texts_as_codes) {
    auto contents = std::make_unique<AimedContents>(file.metadata()->Subset({0}));
    contents_ = contents.get();
    auto source = std::make_unique<parquet::ParquetFileReader>();
    source->Open(std::move(contents));
    PARQUET_ASSIGN_OR_THROW(reader_,
                            parquet::arrow::FileReader::Make(
                                arrow::default_memory_pool(), std::move(source),
                                arrow_properties(*file.metadata()->schema(), texts_as_codes)));
  }

  bool fits(const DataFile& file, bool texts_as_codes) const {
    return texts_as_codes == texts_as_codes_ && file.identity() == identity_;
  }

  void aim(PagedGroups groups, int column) {
    contents_->aim(std::make_shared<const PagedGroups>(std::move(groups)));
    PARQUET_THROW_NOT_OK(reader_->GetColumn(column, &column_));
  }

  void let_go() {
    column_.reset();
    contents_->aim(nullptr);
  }

  parquet::arrow::ColumnReader& column() { return *column_; }

 private:
  const FileIdentity identity_;
  const bool texts_as_codes_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  AimedContents* contents_;                               // in reader_
  std::unique_ptr<parquet::arrow::ColumnReader> column_;  // points into reader_
};

AimedReaders::AimedReaders() = default;
AimedReaders::~AimedReaders() = default;

std::unique_ptr<AimedReader> AimedReaders::take(const DataFile& file, bool texts_as_codes) {
  auto found = idle_.with([&](auto& idle) -> std::unique_ptr<AimedReader> {
    for (auto reader = idle.begin(); reader != idle.end(); ++reader) {
      if (!(*reader)->fits(file, texts_as_codes)) continue;
      auto taken = std::move(*reader);
      idle.erase(reader);
      return taken;
    }
    return nullptr;
  });
  return found ? std::move(found) : std::make_unique<AimedReader>(file, texts_as_codes);
}

void AimedReaders::give_back(std::unique_ptr<AimedReader> reader) {
  constexpr size_t kIdleMax = 16;
  reader->let_go();
  std::unique_ptr<AimedReader> dropped;  // destroyed outside of the lock
  idle_.with([&](auto& idle) {
    idle.push_front(std::move(reader));
    if (idle.size() <= kIdleMax) return;
    dropped = std::move(idle.back());
    idle.pop_back();
  });
}

Result<std::unique_ptr<ColumnRun>> ColumnRun::make(const Start& start, PageMapCache& page_maps,
                                                   AimedReaders& readers) {
  return read_guarded<std::unique_ptr<ColumnRun>>(start.file->display_name(), [&] {
    PagedGroups groups{.file = start.file,
                       .group_begin = start.group,
                       .group_end = start.group + 1,
                       .starts = std::vector<LeafStart>(start.file->metadata()->num_columns())};
    std::unique_ptr<ColumnRun> run(new ColumnRun);
    run->start_ = start;
    if (start.row > 0)
      run->position_ =
          place_leaves(start.file, start.group, leaf_columns(*start.file, start.column), start.row,
                       page_maps, groups.starts);
    run->readers_ = &readers;
    auto reader = readers.take(*start.file, start.texts_as_codes);
    reader->aim(std::move(groups), start.column);
    run->reader_ = std::move(reader);
    return run;
  });
}

ColumnRun::~ColumnRun() {
  if (reader_) readers_->give_back(std::move(reader_));
}

Result<std::shared_ptr<arrow::ChunkedArray>> ColumnRun::next(int64_t rows) {
  auto values = read_guarded<std::shared_ptr<arrow::ChunkedArray>>(
      start_.file->display_name(), [&]() -> arrow::Result<std::shared_ptr<arrow::ChunkedArray>> {
        std::shared_ptr<arrow::ChunkedArray> read;
        ARROW_RETURN_NOT_OK(reader_->column().NextBatch(rows, &read));
        if (!read || read->length() != rows)
          return arrow::Status::Invalid("a column ends before its row group does");
        return read;
      });
  position_ += rows;
  return values;
}

}  // namespace bowshot
