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
  static const int kFile = memfd_create("bowshot.toml", MFD_CLOEXEC);
  static const std::string kPath = fmt::format("/proc/self/fd/{}", kFile);
  BOWSHOT_CHECK(kFile >= 0 && ftruncate(kFile, 0) == 0);
  BOWSHOT_CHECK(pwrite(kFile, data, size, 0) == static_cast<ssize_t>(size));
  bowshot::ServeOptions options;
  const auto read = bowshot::read_config_file(kPath, options);
  if (!read) BOWSHOT_CHECK(read.error().detail.starts_with(kPath));
  return 0;
}
