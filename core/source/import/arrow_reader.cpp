#include "source/import/arrow_reader.hpp"

#include <arrow/buffer.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <string_view>

#include "source/foreign.hpp"

namespace bowshot {

namespace {

constexpr std::string_view kFileMagic = "ARROW1";
constexpr std::string_view kFeatherMagic = "FEA1";

Result<std::string> first_bytes(SourceFile& file) {
  std::string bytes(kFileMagic.size(), '\0');
  const auto read = file.ReadAt(0, static_cast<int64_t>(bytes.size()), bytes.data());
  if (!read.ok()) return std::unexpected(file.read_error(read.status()));
  bytes.resize(static_cast<size_t>(*read));
  return bytes;
}

}  // namespace

ArrowReader::ArrowReader(FileList files, const StopToken& stop, ConversionProgress* progress)
    : files_(std::move(files), stop, progress), stop_(stop) {}
ArrowReader::~ArrowReader() = default;

Result<std::unique_ptr<ArrowReader>> ArrowReader::make(FileList files, const StopToken& stop,
                                                       ConversionProgress* progress) {
  std::unique_ptr<ArrowReader> reader(new ArrowReader(std::move(files), stop, progress));
  BOWSHOT_TRY(reader->open_file());
  return reader;
}

Result<void> ArrowReader::rewind() {
  files_.rewind();
  batches_.reset();
  stream_.reset();
  return {};
}

Result<void> ArrowReader::open_file() {
  BOWSHOT_ASSIGN(const auto file, files_.open());
  const std::string& name = file->display_name();
  BOWSHOT_ASSIGN(const std::string magic, first_bytes(*file));
  if (magic.empty()) return fail(ErrorCode::kBadData, fmt::format("'{}' is empty", name));
  if (magic.starts_with(kFeatherMagic))
    return fail(ErrorCode::kBadData,
                fmt::format("'{}' is Feather version 1, which is no Arrow file", name));
  next_batch_ = 0;
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.ensure_native_endian = true;
  BOWSHOT_ASSIGN(const auto schema,
                 read_guarded<std::shared_ptr<arrow::Schema>>(
                     name, [&]() -> arrow::Result<std::shared_ptr<arrow::Schema>> {
                       if (magic == kFileMagic) {
                         ARROW_ASSIGN_OR_RAISE(
                             batches_, arrow::ipc::RecordBatchFileReader::Open(file, options));
                         return batches_->schema();
                       }
                       ARROW_ASSIGN_OR_RAISE(
                           stream_,
                           arrow::ipc::RecordBatchStreamReader::Open(
                               std::static_pointer_cast<arrow::io::InputStream>(file), options));
                       return stream_->schema();
                     }));
  if (!schema_) schema_ = schema;
  if (!schema_->Equals(*schema))
    return fail(ErrorCode::kBadData, fmt::format("'{}' has another schema than '{}'", name,
                                                 files_.first().display_name));
  return {};
}

Result<std::shared_ptr<arrow::RecordBatch>> ArrowReader::read_batch() {
  auto batch = read_guarded<std::shared_ptr<arrow::RecordBatch>>(
      files_.current().display_name, [&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
        if (stream_) {
          std::shared_ptr<arrow::RecordBatch> next;
          ARROW_RETURN_NOT_OK(stream_->ReadNext(&next));
          if (next) ARROW_RETURN_NOT_OK(next->ValidateFull());
          return next;
        }
        if (next_batch_ == batches_->num_record_batches())
          return std::shared_ptr<arrow::RecordBatch>();
        ARROW_ASSIGN_OR_RAISE(auto next, batches_->ReadRecordBatch(next_batch_++));
        ARROW_RETURN_NOT_OK(next->ValidateFull());  // offsets beyond the end would end the process
        return next;
      });
  if (!batch && stop_.stop_requested()) return std::unexpected(stop_.error());
  return batch;
}

Result<std::shared_ptr<arrow::RecordBatch>> ArrowReader::next() {
  while (!files_.is_at_end()) {
    if (stop_.stop_requested()) return std::unexpected(stop_.error());
    if (!batches_ && !stream_) BOWSHOT_TRY(open_file());
    BOWSHOT_ASSIGN(auto batch, read_batch());
    if (batch && batch->num_rows() > 0) return batch;
    if (batch) continue;
    batches_.reset();
    stream_.reset();
    files_.advance();
  }
  BOWSHOT_TRY(files_.check_unchanged());
  return nullptr;
}

}  // namespace bowshot
