#include "source/publish/publish_store.hpp"

#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <unordered_set>

#include "source/catalog.hpp"
#include "source/memory_table.hpp"
#include "source/parquet_writer.hpp"
#include "source/publish/descriptor_output.hpp"

namespace bowshot {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".parquet";
constexpr std::string_view kTemporaryPrefix = ".publishing-";

/// What went wrong with the folder: the log tells where, the client that it did.
std::unexpected<Error> store_failure(std::string_view what, int number) {
  spdlog::error("the publish directory fails what=\"{}\" error=\"{}\"", what,
                std::strerror(number));
  if (number == ENOSPC || number == EDQUOT)
    return fail(ErrorCode::kOutOfSpace, "no space is left to publish");
  return fail(ErrorCode::kInternal, "the table cannot be stored; the server's log tells why");
}

Result<void> sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return store_failure("open the folder", errno);
  const int result = ::fsync(descriptor);
  const int number = errno;
  ::close(descriptor);
  if (result != 0) return store_failure("fsync the folder", number);
  return {};
}

/// `descriptor` by a path that names it, whatever became of its name.
std::string path_of_descriptor(int descriptor) {
  return fmt::format("/proc/self/fd/{}", descriptor);
}

/// Closes a descriptor at the end of a block.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile() { ::close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

}  // namespace

PublishStore::Draft::~Draft() {
  if (!path_.empty()) ::unlink(path_.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::unique_ptr<PublishStore>> PublishStore::make(std::string folder,
                                                         int64_t memory_bytes_max) {
  std::unique_ptr<PublishStore> store(new PublishStore(std::move(folder), memory_bytes_max));
  if (store->folder_.empty()) return store;
  std::error_code failed;
  fs::create_directories(store->folder_, failed);
  if (failed)
    return fail(ErrorCode::kBadParameter,
                fmt::format("the publish directory '{}' cannot be made: {}", store->folder_,
                            failed.message()));
  store->lock_ = ::open(store->folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (store->lock_ < 0 || ::flock(store->lock_, LOCK_EX | LOCK_NB) != 0)
    return fail(
        ErrorCode::kBadParameter,
        errno == EWOULDBLOCK
            ? fmt::format("the publish directory '{}' is in use by another server", store->folder_)
            : fmt::format("the publish directory '{}' cannot be used: {}", store->folder_,
                          std::strerror(errno)));
  for (const auto& entry : fs::directory_iterator(store->folder_, failed))
    if (entry.path().filename().string().starts_with(kTemporaryPrefix))
      fs::remove(entry.path(), failed);
  return store;
}

PublishStore::~PublishStore() {
  if (lock_ >= 0) ::close(lock_);
}

std::string PublishStore::path_of(const std::string& name) const {
  return fmt::format("{}/{}{}", folder_, name, kExtension);
}

namespace {

/// A file of the folder whose table cannot be opened: it is listed with its problem.
class BrokenSource : public DatasetSource {
 public:
  explicit BrokenSource(Error error) : error_(std::move(error)) {}
  Result<std::shared_ptr<const Dataset>> current() override { return fail(Error(error_)); }
  std::string_view description() const override { return "a published table"; }
  std::string_view kind() const override { return kPublishedKind; }

 private:
  const Error error_;
};

}  // namespace

Result<std::map<std::string, std::shared_ptr<DatasetSource>>> PublishStore::load() const {
  std::map<std::string, std::shared_ptr<DatasetSource>> sources;
  if (folder_.empty()) return sources;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder_, failed)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != kExtension || !is_dataset_name(name)) continue;
    auto dataset = Dataset::make(name, {entry.path().string()});
    if (dataset)
      sources[name] = std::make_shared<PublishedSource>(*std::move(dataset));
    else
      sources[name] = std::make_shared<BrokenSource>(std::move(dataset).error());
  }
  if (failed)
    return fail(
        ErrorCode::kBadParameter,
        fmt::format("the publish directory '{}' cannot be read: {}", folder_, failed.message()));
  return sources;
}

/// A new, empty file: in memory, or in the folder under a name that load() does not see.
Result<int> PublishStore::make_file(std::string* path) const {
  if (folder_.empty()) {
    const int descriptor = ::memfd_create("published", MFD_CLOEXEC);
    if (descriptor < 0) return store_failure("memfd_create", errno);
    return descriptor;
  }
  std::string pattern = fmt::format("{}/{}XXXXXX", folder_, kTemporaryPrefix);
  const int descriptor = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (descriptor < 0) return store_failure("make a file", errno);
  *path = std::move(pattern);
  return descriptor;
}

int64_t PublishStore::memory_bytes_left() const {
  const std::lock_guard lock(mutex_);
  int64_t bytes = memory_bytes_max_;
  for (const auto& [name, used] : memory_bytes_) bytes -= used;
  return bytes;
}

Result<std::unique_ptr<PublishStore::Draft>> PublishStore::write(const std::string& name,
                                                                 TableFormat format,
                                                                 BodyChunks chunks,
                                                                 const StopToken& stop) {
  std::string spool_path;
  BOWSHOT_ASSIGN(const int spool_descriptor, make_file(&spool_path));
  const OpenFile spool(spool_descriptor);
  if (!spool_path.empty()) ::unlink(spool_path.c_str());  // by its descriptor alone from here on
  BOWSHOT_ASSIGN(auto body, TableBody::make(format, std::move(chunks), spool.descriptor(), stop));
  return write_parquet(name, *body);
}

Result<std::unique_ptr<PublishStore::Draft>> PublishStore::write(
    const std::string& name, std::shared_ptr<arrow::RecordBatchReader> batches,
    const StopToken& stop) {
  const bool is_in_memory = folder_.empty();
  BOWSHOT_ASSIGN(auto body,
                 TableBody::make(std::move(batches), stop, /*keeps_views=*/is_in_memory));
  return is_in_memory ? keep_in_memory(name, *body) : write_parquet(name, *body);
}

Error PublishStore::out_of_room(int64_t bytes_left) const {
  return {.code = ErrorCode::kOutOfMemory,
          .detail = fmt::format("published tables have {} bytes of memory together "
                                "(publish_bytes), of which {} are left",
                                memory_bytes_max_, bytes_left)};
}

namespace {

/// What could not be published with a folder is refused without one, too.
Result<void> check_schema(const std::shared_ptr<arrow::Schema>& schema) {
  std::unordered_set<std::string_view> names;
  for (const auto& field : schema->fields())
    if (!names.insert(field->name()).second)
      return fail(ErrorCode::kBadData,
                  fmt::format("the table has two columns named \"{}\"", field->name()));
  BOWSHOT_ASSIGN(const auto writer,
                 ParquetWriter::make(schema, std::make_shared<arrow::io::MockOutputStream>()));
  return writer->finish();
}

}  // namespace

Result<std::unique_ptr<PublishStore::Draft>> PublishStore::keep_in_memory(const std::string& name,
                                                                          TableBody& body) {
  BOWSHOT_TRY(check_schema(body.schema()));
  const int64_t bytes_left = memory_bytes_left();
  BOWSHOT_ASSIGN(auto table, MemoryTable::make(body, bytes_left));
  if (!table) return fail(out_of_room(bytes_left));
  std::unique_ptr<Draft> draft(new Draft);
  draft->bytes_ = table->bytes();
  BOWSHOT_ASSIGN(draft->dataset_, Dataset::make(name, std::move(table)));
  return draft;
}

Result<std::unique_ptr<PublishStore::Draft>> PublishStore::write_parquet(const std::string& name,
                                                                         TableBody& body) {
  std::unique_ptr<Draft> draft(new Draft);
  BOWSHOT_ASSIGN(draft->descriptor_, make_file(&draft->path_));
  const int64_t bytes_max = folder_.empty() ? memory_bytes_left() : INT64_MAX;
  const auto output = std::make_shared<DescriptorOutput>(draft->descriptor_, bytes_max);
  const auto explain = [&](Error error) {
    return fail(output->is_full() ? out_of_room(bytes_max) : std::move(error));
  };
  auto writer = ParquetWriter::make(body.schema(), output);
  if (!writer) return explain(std::move(writer).error());
  while (true) {
    BOWSHOT_ASSIGN(const auto batch, body.next());
    if (!batch) break;
    if (auto written = (*writer)->write(*batch); !written)
      return explain(std::move(written).error());
  }
  if (auto finished = (*writer)->finish(); !finished) return explain(std::move(finished).error());
  draft->bytes_ = output->bytes();
  if (!draft->path_.empty() && ::fsync(draft->descriptor_) != 0)
    return store_failure("fsync a table", errno);
  BOWSHOT_ASSIGN(auto file, DataFile::make(path_of_descriptor(draft->descriptor_), name));
  BOWSHOT_ASSIGN(draft->dataset_, Dataset::make(name, {std::move(file)}));
  return draft;
}

Result<void> PublishStore::keep(const std::string& name, Draft& draft, const Check& check,
                                const std::function<void(std::shared_ptr<DatasetSource>)>& show) {
  const std::lock_guard lock(mutex_);
  BOWSHOT_TRY(check());
  if (folder_.empty()) {
    memory_bytes_[name] = draft.bytes_;
  } else {
    if (::rename(draft.path_.c_str(), path_of(name).c_str()) != 0)
      return store_failure("rename a table", errno);
    draft.path_.clear();
    BOWSHOT_TRY(sync_folder(folder_));
  }
  show(std::make_shared<PublishedSource>(draft.dataset_));
  return {};
}

Result<void> PublishStore::remove(const std::string& name, const Check& check,
                                  const std::function<void()>& hide) {
  const std::lock_guard lock(mutex_);
  BOWSHOT_TRY(check());
  memory_bytes_.erase(name);
  if (!folder_.empty()) {
    if (::unlink(path_of(name).c_str()) != 0 && errno != ENOENT)
      return store_failure("unlink a table", errno);
    BOWSHOT_TRY(sync_folder(folder_));
  }
  hide();
  return {};
}

}  // namespace bowshot
