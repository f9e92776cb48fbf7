// bowshot.toml: options, or an error that names the file and a line.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/check.hpp"
#include "config_file.hpp"
#include "fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A file in memory, the same for every input.
  static const int file = memfd_create("bowshot.toml", MFD_CLOEXEC);
  static const std::string path = fmt::format("/proc/self/fd/{}", file);
  BOWSHOT_CHECK(file >= 0 && ftruncate(file, 0) == 0);
  BOWSHOT_CHECK(pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
  bowshot::ServeOptions options;
  const auto read = bowshot::read_config_file(path, options);
  if (!read) BOWSHOT_CHECK(read.error().detail.starts_with(path));
  return 0;
}
