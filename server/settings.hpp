#pragma once

#include <memory>
#include <optional>

#include "access.hpp"
#include "base/limits.hpp"
#include "credentials.hpp"
#include "options.hpp"

namespace bowshot {

/// What a request is answered by and a reload changes. Immutable: a request keeps those that it
/// began with.
struct Settings {
  Limits limits;
  AccessPolicy access;
  std::optional<Token> token;  // none: nobody needs one

  /// Reads the token's file.
  static Result<std::shared_ptr<const Settings>> make(const ServeOptions& options);
};

}  // namespace bowshot
