#include "source/publish/table_body.hpp"

#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/limits.hpp"
#include "source/data_type.hpp"
#include "source/foreign.hpp"
#include "source/parquet_reader.hpp"
#include "source/publish/body_input.hpp"

namespace bowshot {

namespace {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

constexpr std::string_view kName = "the body";  // in errors, where files have their name

/// Arrow's stream format, as it comes.
class StreamBody : public TableBody {
 public:
  StreamBody(BodyChunks chunks, const StopToken& stop)
      : TableBody(stop), input_(std::make_shared<BodyInput>(std::move(chunks))) {}

  Result<void> open() {
    auto opened = read_guarded<std::shared_ptr<arrow::ipc::RecordBatchStreamReader>>(
        kName, [&] { return arrow::ipc::RecordBatchStreamReader::Open(input_, options()); });
    if (!opened) return explain(opened.error());
    reader_ = *std::move(opened);
    return declare(*reader_->schema());
  }

 private:
  static arrow::ipc::IpcReadOptions options() {
    auto options = arrow::ipc::IpcReadOptions::Defaults();
    options.use_threads = false;
    return options;
  }

  /// A body that failed explains what Arrow could not read.
  std::unexpected<Error> explain(const Error& error) const {
    return fail(input_->failure() ? *input_->failure() : error);
  }

  Result<BatchPtr> read() override {
    auto batch = read_guarded<BatchPtr>(kName, [&]() -> arrow::Result<BatchPtr> {
      BatchPtr next;
      ARROW_RETURN_NOT_OK(reader_->ReadNext(&next));
      return next;
    });
    if (!batch) return explain(batch.error());
    if (!*batch) BOWSHOT_TRY(check_end());
    return batch;
  }

  Result<void> check_end() {
    if (input_->has_run_dry())
      return fail(ErrorCode::kBadData,
                  "the Arrow stream has no end marker: it may have been cut off");
    const auto rest = input_->Read(1);
    if (!rest.ok()) return explain(bad_file(kName, rest.status()));
    if ((*rest)->size() > 0)
      return fail(ErrorCode::kBadData, "bytes follow the end marker of the Arrow stream");
    return {};
  }

  std::shared_ptr<BodyInput> input_;  // shared with the reader
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> reader_;
};

/// The whole body in a file.
Result<void> spool_body(const BodyChunks& chunks, int spool) {
  while (true) {
    BOWSHOT_ASSIGN(const std::string chunk, chunks());
    if (chunk.empty()) return {};
    for (size_t done = 0; done < chunk.size();) {
      const ssize_t count = ::write(spool, chunk.data() + done, chunk.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail(ErrorCode::kOutOfSpace, "no space is left to take the body");
      done += static_cast<size_t>(count);
    }
  }
}

/// Arrow's readers close what they read: a descriptor of their own.
arrow::Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_spool(int spool) {
  const int own = ::dup(spool);
  if (own < 0) return arrow::Status::IOError("no file descriptor is left");
  return arrow::io::ReadableFile::Open(own);
}

/// Arrow's file format.
class FileBody : public TableBody {
 public:
  explicit FileBody(const StopToken& stop) : TableBody(stop) {}

  Result<void> open(int spool) {
    using Reader = std::shared_ptr<arrow::ipc::RecordBatchFileReader>;
    BOWSHOT_ASSIGN(reader_, (read_guarded<Reader>(kName, [&]() -> arrow::Result<Reader> {
                     ARROW_ASSIGN_OR_RAISE(auto file, open_spool(spool));
                     return arrow::ipc::RecordBatchFileReader::Open(file);
                   })));
    return declare(*reader_->schema());
  }

 private:
  Result<BatchPtr> read() override {
    if (next_ == reader_->num_record_batches()) return nullptr;
    return read_guarded<BatchPtr>(kName, [&] { return reader_->ReadRecordBatch(next_++); });
  }

  std::shared_ptr<arrow::ipc::RecordBatchFileReader> reader_;
  int next_ = 0;
};

class ParquetBody : public TableBody {
 public:
  explicit ParquetBody(const StopToken& stop) : TableBody(stop) {}

  Result<void> open(int spool) {
    using Batches = std::unique_ptr<arrow::RecordBatchReader>;
    BOWSHOT_ASSIGN(batches_, (read_guarded<Batches>(kName, [&]() -> arrow::Result<Batches> {
                     ARROW_ASSIGN_OR_RAISE(auto file, open_spool(spool));
                     auto parquet = parquet::ParquetFileReader::Open(file, reader_properties());
                     auto properties = parquet::default_arrow_reader_properties();
                     properties.set_batch_size(kBatchRowsMax);
                     ARROW_ASSIGN_OR_RAISE(
                         reader_, parquet::arrow::FileReader::Make(arrow::default_memory_pool(),
                                                                   std::move(parquet), properties));
                     return reader_->GetRecordBatchReader();
                   })));
    return declare(*batches_->schema());
  }

 private:
  Result<BatchPtr> read() override {
    return read_guarded<BatchPtr>(kName, [&]() -> arrow::Result<BatchPtr> {
      BatchPtr batch;
      ARROW_RETURN_NOT_OK(batches_->ReadNext(&batch));
      return batch;
    });
  }

  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;  // into reader_
};

/// Batches of this process, which are what they say; cut, for theirs may be whole tables.
class ReaderBody : public TableBody {
 public:
  ReaderBody(std::shared_ptr<arrow::RecordBatchReader> batches, const StopToken& stop,
             bool keeps_views)
      : TableBody(stop, /*is_checked=*/false, keeps_views), batches_(std::move(batches)) {}

  Result<void> open() { return declare(*batches_->schema()); }

 private:
  Result<BatchPtr> read() override {
    while (!rest_ || rest_->num_rows() == 0) {
      auto batch = read_guarded<BatchPtr>(kName, [&]() -> arrow::Result<BatchPtr> {
        BatchPtr next;
        ARROW_RETURN_NOT_OK(batches_->ReadNext(&next));
        return next;
      });
      if (!batch || !*batch) return batch;
      rest_ = *std::move(batch);
    }
    auto cut = rest_->Slice(0, kBatchRowsMax);
    rest_ = rest_->Slice(cut->num_rows());
    return cut;
  }

  const std::shared_ptr<arrow::RecordBatchReader> batches_;  // the maker's too
  BatchPtr rest_;
};

template <class Body>
Result<std::unique_ptr<TableBody>> open_spooled(const BodyChunks& chunks, int spool,
                                                const StopToken& stop) {
  BOWSHOT_TRY(spool_body(chunks, spool));
  auto body = std::make_unique<Body>(stop);
  BOWSHOT_TRY(body->open(spool));
  return body;
}

}  // namespace

Result<std::unique_ptr<TableBody>> TableBody::make(TableFormat format, BodyChunks chunks, int spool,
                                                   const StopToken& stop) {
  switch (format) {
    case TableFormat::kArrowStream: {
      auto body = std::make_unique<StreamBody>(std::move(chunks), stop);
      BOWSHOT_TRY(body->open());
      return body;
    }
    case TableFormat::kArrowFile:
      return open_spooled<FileBody>(chunks, spool, stop);
    case TableFormat::kParquet:
      break;
  }
  return open_spooled<ParquetBody>(chunks, spool, stop);
}

Result<std::unique_ptr<TableBody>> TableBody::make(
    std::shared_ptr<arrow::RecordBatchReader> batches, const StopToken& stop, bool keeps_views) {
  auto body = std::make_unique<ReaderBody>(std::move(batches), stop, keeps_views);
  BOWSHOT_TRY(body->open());
  return body;
}

Result<void> TableBody::declare(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    auto type = protocol_type(*field->type());
    if (!type)
      return fail(ErrorCode::kBadData,
                  fmt::format("{}: column \"{}\": {}", kName, field->name(), type.error().detail));
    const bool is_nullable = field->nullable() || field->type()->id() == arrow::Type::NA;
    fields.push_back(arrow::field(field->name(), *std::move(type), is_nullable));
  }
  dictionaries_.resize(fields.size());
  schema_ = arrow::schema(std::move(fields));
  return {};
}

/// `array` as the protocol's type of its column; dictionaries of text keep being some.
Result<std::shared_ptr<arrow::Array>> TableBody::convert(const std::shared_ptr<arrow::Array>& array,
                                                         int column) {
  const auto& type = schema_->field(column)->type();
  if (type->id() == arrow::Type::DICTIONARY)
    return convert_codes(static_cast<const arrow::DictionaryArray&>(*array), column);
  const bool is_view =
      array->type_id() == arrow::Type::STRING_VIEW || array->type_id() == arrow::Type::BINARY_VIEW;
  if (is_view && keeps_views_) return array;
  return recast(array, type);
}

Result<std::shared_ptr<arrow::Array>> TableBody::convert_codes(const arrow::DictionaryArray& array,
                                                               int column) {
  const auto& type = schema_->field(column)->type();
  const auto& target = static_cast<const arrow::DictionaryType&>(*type);
  Dictionary& dictionary = dictionaries_[static_cast<size_t>(column)];
  if (dictionary.source != array.data()->dictionary) {
    BOWSHOT_ASSIGN(dictionary.values, recast(array.dictionary(), target.value_type()));
    dictionary.source = array.data()->dictionary;
  }
  BOWSHOT_ASSIGN(const auto codes, recast(array.indices(), target.index_type()));
  return read_guarded<std::shared_ptr<arrow::Array>>(
      kName, [&] { return arrow::DictionaryArray::FromArrays(type, codes, dictionary.values); });
}

Result<BatchPtr> TableBody::next() {
  if (stop_.stop_requested()) return std::unexpected(stop_.error());
  BOWSHOT_ASSIGN(const auto batch, read());
  if (!batch) return nullptr;
  // Offsets beyond the end would end the process.
  if (is_checked_)
    BOWSHOT_TRY((read_guarded<bool>(kName, [&]() -> arrow::Result<bool> {
      ARROW_RETURN_NOT_OK(batch->ValidateFull());
      return true;
    })));
  arrow::ArrayVector columns;
  for (int column = 0; column < batch->num_columns(); ++column) {
    BOWSHOT_ASSIGN(auto array, convert(batch->column(column), column));
    if (!schema_->field(column)->nullable() && array->null_count() > 0)
      return fail(ErrorCode::kBadData,
                  fmt::format("{}: column \"{}\" says that it has no nulls, but has some", kName,
                              schema_->field(column)->name()));
    columns.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(schema_, batch->num_rows(), std::move(columns));
}

}  // namespace bowshot
