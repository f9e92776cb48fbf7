#pragma once

namespace bowshot {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace bowshot

/// Stops the process when a mistake of ours is found. Always on; never on input, no side effects.
#define BOWSHOT_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::bowshot::check_failed(#condition, __FILE__, __LINE__))

/// The same for hot loops: off in release builds.
#ifdef NDEBUG
#define BOWSHOT_DCHECK(condition) void(0)
#else
#define BOWSHOT_DCHECK(condition) BOWSHOT_CHECK(condition)
#endif
