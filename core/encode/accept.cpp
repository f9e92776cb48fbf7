#include "encode/accept.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace bowshot {
namespace {

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// The trimmed parts of `text` between separators that are not within a quoted string.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  size_t first = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '\\') {
      ++at;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == separator && !quoted) {
      parts.push_back(trim(text.substr(first, at - first)));
      first = at + 1;
    }
  }
  parts.push_back(trim(text.substr(first)));
  return parts;
}

std::string unquote(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string out;
  for (size_t at = 1; at + 1 < text.size(); ++at) {
    if (text[at] == '\\' && at + 2 < text.size()) ++at;
    out += text[at];
  }
  return out;
}

struct Parameter {
  std::string name;  // lower case
  std::string value;
};

/// `name=value`; spaces around `=` are tolerated.
Parameter parse_parameter(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {.name = lower(text), .value = {}};
  return {.name = lower(trim(text.substr(0, equals))),
          .value = unquote(trim(text.substr(equals + 1)))};
}

/// 0 to 1; what is no number is 1, as if it were not there.
double parse_quality(std::string_view text) {
  double quality = 1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quality);
  if (error != std::errc() || end != text.data() + text.size() || std::isnan(quality)) return 1;
  return std::clamp(quality, 0.0, 1.0);
}

void apply(const Parameter& parameter, MediaRange& range) {
  if (parameter.name == "q") range.quality = parse_quality(parameter.value);
  if (parameter.name != "codecs") return;
  for (const std::string_view codec : split(parameter.value, ',')) {
    if (!codec.empty()) range.codecs.push_back(lower(codec));
  }
}

}  // namespace

std::vector<MediaRange> parse_accept(std::string_view header) {
  std::vector<MediaRange> ranges;
  bool continues_codecs = false;  // whether the element before was a range with codecs
  for (const std::string_view element : split(header, ',')) {
    const std::vector<std::string_view> parts = split(element, ';');
    const std::string name = lower(parts.front());
    const size_t slash = name.find('/');
    if (slash != std::string::npos) {
      MediaRange& range = ranges.emplace_back();
      range.type = name.substr(0, slash);
      range.subtype = name.substr(slash + 1);
    } else if (continues_codecs && !name.empty()) {
      ranges.back().codecs.push_back(name);
    } else if (name == "*") {  // what some old clients send for */*
      ranges.push_back({.type = "*", .subtype = "*", .codecs = {}});
    } else {
      continue;
    }
    for (size_t i = 1; i < parts.size(); ++i) apply(parse_parameter(parts[i]), ranges.back());
    continues_codecs = !ranges.back().codecs.empty();
  }
  return ranges;
}

AcceptedCodings::AcceptedCodings(std::string_view header) {
  for (const std::string_view element : split(header, ',')) {
    const std::vector<std::string_view> parts = split(element, ';');
    Coding coding{.name = lower(parts.front())};
    if (coding.name.empty()) continue;
    if (coding.name == "x-gzip") coding.name = "gzip";  // RFC 9110, 8.4.1.3
    for (size_t i = 1; i < parts.size(); ++i) {
      const Parameter parameter = parse_parameter(parts[i]);
      if (parameter.name == "q") coding.quality = parse_quality(parameter.value);
    }
    codings_.push_back(std::move(coding));
  }
}

std::optional<double> AcceptedCodings::listed(std::string_view name) const {
  const auto found = std::ranges::find(codings_, name, &Coding::name);
  if (found == codings_.end()) return std::nullopt;
  return found->quality;
}

double AcceptedCodings::quality(std::string_view coding) const {
  if (const auto named = listed(coding)) return *named;
  return listed("*").value_or(0);
}

double AcceptedCodings::identity_quality() const {
  // Not listed, it is acceptable but what the client listed comes first.
  return listed("identity").value_or(0);
}

}  // namespace bowshot
