#include "preconditions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "exchange.hpp"

namespace bowshot {

namespace {

constexpr std::string_view kWeak = "W/";
/// Between a version and the rest of a description's tag; no version holds it.
constexpr char kAfterVersion = '/';

std::string_view opaque(std::string_view tag) {
  if (tag.starts_with(kWeak)) tag.remove_prefix(kWeak.size());
  return tag;
}

/// Takes an entity tag off the front of `text`; empty: there is none.
std::string_view take_tag(std::string_view& text) {
  const size_t begin = text.starts_with(kWeak) ? kWeak.size() : 0;
  if (begin >= text.size() || text[begin] != '"') return {};
  const size_t end = text.find('"', begin + 1);
  if (end == std::string_view::npos) return {};
  const std::string_view tag = text.substr(0, end + 1);
  text.remove_prefix(tag.size());
  const bool is_clean = std::ranges::all_of(
      opaque(tag), [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; });
  return is_clean ? tag : std::string_view();
}

/// Whether a tag that a client may have seen is of this version of a table.
bool is_of_version(std::string_view tag, std::string_view version) {
  if (tag.size() < 2 || !tag.starts_with('"')) return false;
  tag = tag.substr(1, tag.size() - 2);
  return tag.substr(0, tag.find(kAfterVersion)) == version;
}

}  // namespace

std::optional<EntityTags> EntityTags::parse(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  EntityTags found;
  if (text == "*") {
    found.is_any = true;
    return found;
  }
  while (!text.empty()) {
    const size_t next = text.find_first_not_of(kBlank);
    text.remove_prefix(std::min(next, text.size()));
    if (text.starts_with(',')) {  // an empty element of a list is none
      text.remove_prefix(1);
      continue;
    }
    if (text.empty()) break;
    const std::string_view tag = take_tag(text);
    if (tag.empty()) return std::nullopt;
    found.tags.emplace_back(tag);
    text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
    if (!text.empty() && !text.starts_with(',')) return std::nullopt;
  }
  if (found.tags.empty()) return std::nullopt;
  return found;
}

bool EntityTags::names_strongly(std::string_view tag) const {
  return is_any || (!tag.starts_with(kWeak) && std::ranges::find(tags, tag) != tags.end());
}

bool EntityTags::names_weakly(std::string_view tag) const {
  return is_any || std::ranges::any_of(tags, [&](const std::string& named) {
           return opaque(named) == opaque(tag);
         });
}

Result<Preconditions> Preconditions::make(const http::Headers& headers, bool is_strict) {
  const auto read = [&](std::string_view name) -> Result<std::optional<EntityTags>> {
    if (!headers.has(name)) return std::nullopt;
    auto tags = EntityTags::parse(headers.get(name));
    if (tags) return tags;
    if (!is_strict) return EntityTags();
    return fail({.code = ErrorCode::kBadParameter,
                 .detail = fmt::format("{} is * or a list of entity tags in double quotes", name),
                 .parameter = std::string(name)});
  };
  Preconditions conditions;
  BOWSHOT_ASSIGN(conditions.match_, read("If-Match"));
  BOWSHOT_ASSIGN(conditions.none_match_, read("If-None-Match"));
  return conditions;
}

Preconditions::Outcome Preconditions::of_read(std::string_view tag) const {
  if (match_ && !match_->names_strongly(tag)) return Outcome::kFailed;
  if (none_match_ && none_match_->names_weakly(tag)) return Outcome::kNotModified;
  return Outcome::kMet;
}

Result<void> Preconditions::check_change(const std::string& name,
                                         const std::optional<std::string>& version) const {
  const auto names = [&](const EntityTags& tags, bool is_weak) {
    return version && (tags.is_any || std::ranges::any_of(tags.tags, [&](std::string_view tag) {
                         return is_of_version(is_weak ? opaque(tag) : tag, *version);
                       }));
  };
  const bool is_matched = !match_ || names(*match_, /*is_weak=*/false);
  const bool is_other = !none_match_ || !names(*none_match_, /*is_weak=*/true);
  if (is_matched && is_other) return {};
  const std::string_view header = is_matched ? "If-None-Match" : "If-Match";
  if (!version)
    return fail(ErrorCode::kPreconditionFailed,
                fmt::format("{} is not met: there is no dataset {}", header, name));
  return fail(ErrorCode::kPreconditionFailed,
              fmt::format("{} is not met: dataset {} is there with the version {}", header, name,
                          version->empty() ? "of a table that cannot be opened" : *version));
}

std::string description_etag(std::string_view version, std::string_view body) {
  const std::string tag = weak_etag(body);
  return fmt::format("\"{}{}{}", version, kAfterVersion, std::string_view(tag).substr(3));
}

}  // namespace bowshot
