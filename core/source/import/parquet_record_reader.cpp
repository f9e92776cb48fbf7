#include "source/import/parquet_record_reader.hpp"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/properties.h>

#include <algorithm>
#include <vector>

#include "source/dataset.hpp"
#include "source/foreign.hpp"
#include "source/hive_keys.hpp"
#include "source/parquet_reader.hpp"

namespace bowshot {

namespace {

constexpr int64_t kBatchRows = 16'384;

class ParquetRecordReader : public RecordReader {
 public:
  ParquetRecordReader(std::shared_ptr<const Dataset> dataset, std::vector<HiveKey> keys,
                      StopToken stop, ConversionProgress* progress)
      : dataset_(std::move(dataset)),
        keys_(std::move(keys)),
        stop_(std::move(stop)),
        progress_(progress) {
    arrow::FieldVector fields = dataset_->files().front().file->declared_schema()->fields();
    for (const HiveKey& key : keys_) fields.push_back(arrow::field(key.name, key.type));
    schema_ = arrow::schema(std::move(fields));
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next() override {
    while (file_ < dataset_->files().size()) {
      if (stop_.stop_requested()) return std::unexpected(stop_.error());
      const auto& file = dataset_->files()[file_].file;
      if (!batches_) BOWSHOT_TRY(open(file));
      auto batch = read_guarded<std::shared_ptr<arrow::RecordBatch>>(
          file->display_name(), [&] { return batches_->Next(); });
      if (!batch) return batch;
      if (*batch && (*batch)->num_rows() == 0) continue;
      if (*batch) {
        tell_progress(**batch);
        return with_keys(**batch);
      }
      batches_.reset();
      ++file_;
    }
    BOWSHOT_TRY(check_unchanged());
    return nullptr;
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Result<void> rewind() override {
    file_ = 0;
    rows_read_ = 0;
    batches_.reset();
    return {};
  }
  Result<void> check_unchanged() const override { return dataset_->check_unchanged(); }

 private:
  Result<void> open(const std::shared_ptr<const DataFile>& file) {
    BOWSHOT_TRY(read_guarded<bool>(file->display_name(), [&]() -> arrow::Result<bool> {
      parquet::ArrowReaderProperties properties;
      properties.set_batch_size(kBatchRows);
      properties.set_pre_buffer(false);
      reader_ = open_arrow_reader(file, properties);
      ARROW_ASSIGN_OR_RAISE(batches_, reader_->GetRecordBatchReader());
      return true;
    }));
    return {};
  }

  /// The file's columns, then what its folders' names say.
  Result<std::shared_ptr<arrow::RecordBatch>> with_keys(const arrow::RecordBatch& batch) const {
    arrow::ArrayVector columns = batch.columns();
    for (const HiveKey& key : keys_) {
      auto column = arrow::MakeArrayFromScalar(*key.values[file_], batch.num_rows());
      if (!column.ok()) return fail(ErrorCode::kOutOfMemory, "not enough memory for a column");
      columns.push_back(*std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns));
  }

  void tell_progress(const arrow::RecordBatch& batch) {
    rows_read_ += batch.num_rows();
    if (progress_ == nullptr || dataset_->rows() == 0) return;
    progress_->bytes_read = static_cast<int64_t>(static_cast<double>(dataset_->bytes()) *
                                                 static_cast<double>(rows_read_) /
                                                 static_cast<double>(dataset_->rows()));
  }

  const std::shared_ptr<const Dataset> dataset_;
  const std::vector<HiveKey> keys_;
  const StopToken stop_;
  ConversionProgress* const progress_;  // outlives this
  std::shared_ptr<arrow::Schema> schema_;
  size_t file_ = 0;
  int64_t rows_read_ = 0;
  std::unique_ptr<parquet::arrow::FileReader> reader_;  // batches_ points into it
  std::shared_ptr<arrow::RecordBatchReader> batches_;
};

}  // namespace

Result<std::unique_ptr<RecordReader>> open_parquet_files(const FileList& files,
                                                         const StopToken& stop,
                                                         ConversionProgress* progress) {
  BOWSHOT_ASSIGN(std::vector<HiveKey> keys, hive_keys(files));
  std::vector<std::shared_ptr<const DataFile>> parts;
  for (const ListedFile& listed : files) {
    // A dataset of these files alone may not leave keys out, which are added here.
    std::string name = listed.display_name;
    std::ranges::replace(name, '=', ':');
    BOWSHOT_ASSIGN(auto file, DataFile::make(listed.path, std::move(name)));
    if (stamp_of(file->identity()) != listed.stamp)
      return fail(ErrorCode::kVersionChanged,
                  fmt::format("'{}' was changed while it was converted", listed.display_name));
    parts.push_back(std::move(file));
  }
  BOWSHOT_ASSIGN(auto dataset, Dataset::make("convert", std::move(parts)));
  // A column that the files have themselves is theirs.
  std::erase_if(keys, [&](const HiveKey& key) { return dataset->column_index(key.name) >= 0; });
  return std::make_unique<ParquetRecordReader>(std::move(dataset), std::move(keys), stop, progress);
}

}  // namespace bowshot
