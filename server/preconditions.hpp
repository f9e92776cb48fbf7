#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "transport/http/message.hpp"

namespace bowshot {

/// What a header such as `If-Match: "a", W/"b"` names: entity tags as they are spelt, or `*`.
struct EntityTags {
  bool is_any = false;
  std::vector<std::string> tags;

  /// Nothing where the text is neither.
  static std::optional<EntityTags> parse(std::string_view text);
  /// By the strong comparison of RFC 9110, section 8.8.3.2: a weak tag equals none.
  bool names_strongly(std::string_view tag) const;
  bool names_weakly(std::string_view tag) const;
};

/// If-Match and If-None-Match of RFC 9110, section 13, in their order. What has no date of a
/// change takes no If-Unmodified-Since.
class Preconditions {
 public:
  enum class Outcome { kMet, kNotModified, kFailed };

  /// A header that cannot be read never matches; with `is_strict` it is `bad_parameter`: who wants
  /// to spare another's change is not to lose it by a missing quote.
  static Result<Preconditions> make(const http::Headers& headers, bool is_strict);
  bool has_any() const { return match_ || none_match_; }
  /// For GET and HEAD of what has the tag `tag`.
  Outcome of_read(std::string_view tag) const;
  /// For a change of a table that has the version `version`: its tag is the version in quotes, or
  /// that of its description. Nothing: there is no table. `precondition_failed`.
  Result<void> check_change(const std::string& name,
                            const std::optional<std::string>& version) const;

 private:
  std::optional<EntityTags> match_;
  std::optional<EntityTags> none_match_;
};

/// The strong tag of a table's description `body`. It begins with the table's version, so that a
/// change can be conditional on the version although the rest of the description moves.
std::string description_etag(std::string_view version, std::string_view body);

}  // namespace bowshot
