#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "source/import/conversion_cache.hpp"

namespace bowshot {

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<FileLock> FileLock::try_lock(const std::string& path, Kind kind) {
  constexpr mode_t kMode = 0600;
  for (;;) {
    FileLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
    if (!lock.is_held()) return fail(write_failure(errno));
    if (::flock(lock.descriptor_, (kind == Kind::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return FileLock();
      if (errno == EINTR) continue;
      return fail(write_failure(errno));
    }
    // Whoever evicts an entry removes its lock too: this one counts only where it still lies.
    struct stat held = {};
    struct stat there = {};
    if (::fstat(lock.descriptor_, &held) == 0 && ::stat(path.c_str(), &there) == 0 &&
        held.st_ino == there.st_ino && held.st_dev == there.st_dev)
      return lock;
  }
}

void FileLock::share() const {
  (void)::flock(descriptor_, LOCK_SH);
}

}  // namespace bowshot
