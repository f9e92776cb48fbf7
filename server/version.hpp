#pragma once

namespace bowshot {

inline constexpr const char* kVersion = BOWSHOT_VERSION;    // of this build, set by CMake
inline constexpr const char* kEngineName = "DuckDB 1.5.6";  // the embedded engine

}  // namespace bowshot
