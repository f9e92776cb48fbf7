#include "settings.hpp"

namespace bowshot {

Result<std::shared_ptr<const Settings>> Settings::make(const ServeOptions& options) {
  std::optional<Token> token;
  if (!options.token_file.empty()) {
    BOWSHOT_ASSIGN(token, Token::read(options.token_file));
  }
  return std::make_shared<const Settings>(
      Settings{.limits = options.limits,
               .access = AccessPolicy(options.allowed_hosts, options.allowed_origins),
               .token = token});
}

}  // namespace bowshot
