#pragma once

#include <cstdint>
#include <string_view>

#include "base/limits.hpp"

namespace bowshot::http {

/// How long a body may be, and what the limit is called in errors.
struct BodyLimit {
  std::string_view name;
  int64_t bytes;
};

inline BodyLimit body_limit(const Limits& limits, bool is_stream) {
  return is_stream ? BodyLimit{"publish_bytes", limits.publish_bytes}
                   : BodyLimit{"body_bytes", limits.body_bytes};
}

}  // namespace bowshot::http
