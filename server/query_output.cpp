#include "query_output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "encode/text_table.hpp"

namespace bowshot {

namespace {

constexpr size_t kScreenColumns = 80;  // where nothing says how many there are
/// A pipe that can be written to takes so many bytes without waiting (POSIX).
constexpr size_t kPipeBytes = 4'096;
constexpr int kLookMs = 50;

std::unexpected<Error> write_failed(int number) {
  if (number == EPIPE) return fail(ErrorCode::kCancelled, "the reader of the output has left");
  const bool is_full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  return fail(is_full ? ErrorCode::kOutOfSpace : ErrorCode::kInternal,
              fmt::format("the output cannot be written: {}", std::strerror(number)));
}

/// Writes everything, unless the stop comes while the other end takes nothing.
Result<void> write_all(int descriptor, std::string_view bytes, const StopToken& stop) {
  struct stat status = {};
  const bool waits = ::fstat(descriptor, &status) == 0 && !S_ISREG(status.st_mode);
  while (!bytes.empty()) {
    if (stop.stop_requested()) return fail(stop.error());
    if (waits) {
      pollfd ready = {.fd = descriptor, .events = POLLOUT, .revents = 0};
      if (::poll(&ready, 1, kLookMs) == 0) continue;
    }
    const size_t asked = waits ? std::min(bytes.size(), kPipeBytes) : bytes.size();
    const ssize_t count = ::write(descriptor, bytes.data(), asked);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return write_failed(errno);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

class DescriptorOutput : public QueryOutput {
 public:
  DescriptorOutput(int descriptor, StopToken stop)
      : descriptor_(descriptor), stop_(std::move(stop)) {}
  ~DescriptorOutput() override {
    if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
  }
  Result<void> write(std::string_view bytes) override {
    return write_all(descriptor_, bytes, stop_);
  }
  bool is_on_screen() const override { return ::isatty(descriptor_) == 1; }
  Result<void> end(const AnswerFacts&) override { return {}; }

 private:
  const int descriptor_;
  const StopToken stop_;
};

class FileOutput : public QueryOutput {
 public:
  FileOutput(std::string path, std::string temporary_path, int descriptor, StopToken stop)
      : path_(std::move(path)),
        temporary_path_(std::move(temporary_path)),
        descriptor_(descriptor),
        stop_(std::move(stop)) {}
  ~FileOutput() override {
    ::close(descriptor_);
    if (!is_kept_) ::unlink(temporary_path_.c_str());
  }
  Result<void> write(std::string_view bytes) override {
    return write_all(descriptor_, bytes, stop_);
  }
  Result<void> end(const AnswerFacts&) override {
    if (stop_.stop_requested()) return fail(stop_.error());
    if (::fsync(descriptor_) != 0) return write_failed(errno);
    if (std::rename(temporary_path_.c_str(), path_.c_str()) != 0) return write_failed(errno);
    is_kept_ = true;
    return {};
  }

 private:
  const std::string path_;
  const std::string temporary_path_;
  const int descriptor_;
  const StopToken stop_;
  bool is_kept_ = false;
};

size_t screen_width() {
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  size_t columns = 0;
  if (const char* const text = std::getenv("COLUMNS"); text != nullptr)
    std::from_chars(text, text + std::strlen(text), columns);
  return columns > 0 ? columns : kScreenColumns;
}

class TableOutput : public QueryOutput {
 public:
  explicit TableOutput(StopToken stop) : stop_(std::move(stop)) {}
  Result<void> write(std::string_view bytes) override { return table_.write(bytes); }
  bool tells_total() const override { return true; }
  Result<void> end(const AnswerFacts& facts) override {
    BOWSHOT_ASSIGN(const std::string drawn, table_.draw(screen_width(), facts));
    return write_all(STDOUT_FILENO, drawn, stop_);
  }

 private:
  TextTable table_;
  const StopToken stop_;
};

/// The mode of a new file, or of the one whose place it takes.
mode_t mode_of(const struct stat* there) {
  if (there != nullptr) return there->st_mode & 0777;
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

}  // namespace

Result<std::unique_ptr<QueryOutput>> make_file_output(const std::string& path,
                                                      const StopToken& stop) {
  struct stat status = {};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  if (is_there && !S_ISREG(status.st_mode)) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return write_failed(errno);
    return std::make_unique<DescriptorOutput>(descriptor, stop);
  }
  // A link stays one: what it names is replaced.
  std::error_code ignored;
  const auto real =
      is_there ? std::filesystem::canonical(path, ignored) : std::filesystem::path(path);
  const std::filesystem::path target = real.empty() ? std::filesystem::path(path) : real;
  std::string temporary =
      (target.parent_path() / fmt::format(".{}.XXXXXX", target.filename().string())).string();
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return write_failed(errno);
  auto output = std::make_unique<FileOutput>(target.string(), temporary, descriptor, stop);
  if (::fchmod(descriptor, mode_of(is_there ? &status : nullptr)) != 0) return write_failed(errno);
  return output;
}

std::unique_ptr<QueryOutput> make_standard_output(const StopToken& stop) {
  return std::make_unique<DescriptorOutput>(STDOUT_FILENO, stop);
}

std::unique_ptr<QueryOutput> make_table_output(const StopToken& stop) {
  return std::make_unique<TableOutput>(stop);
}

}  // namespace bowshot
