#include "config_value.hpp"

#include <fmt/format.h>

#include <sstream>

namespace bowshot {

namespace {

std::string_view type_name_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a decimal number";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

}  // namespace

std::unexpected<Error> ConfigSource::wrong(const toml::source_region& place,
                                           std::string_view what) const {
  return fail(ErrorCode::kBadParameter, fmt::format("{}:{}: {}", path, place.begin.line, what));
}

std::unexpected<Error> ConfigValue::wrong(std::string_view what) const {
  return source_->wrong(node_->source(), fmt::format("{}: {}", key_, what));
}

std::unexpected<Error> ConfigValue::wrong_type(std::string_view wanted) const {
  return wrong(fmt::format("{} is wanted, this is {}", wanted, type_name_of(*node_)));
}

Result<std::string> ConfigValue::text() const {
  const auto* const text = node_->as_string();
  if (text == nullptr) return wrong_type("a text");
  if (text->get().find('\0') != std::string::npos) return wrong("a text without NUL is wanted");
  return text->get();
}

std::string ConfigValue::resolved(const std::string& path) const {
  return path.empty() ? path : (source_->folder / path).lexically_normal().string();
}

Result<std::string> ConfigValue::path() const {
  BOWSHOT_ASSIGN(const std::string path, text());
  return resolved(path);
}

Result<int64_t> ConfigValue::number(int64_t min, int64_t max) const {
  const auto* const number = node_->as_integer();
  if (number == nullptr) return wrong_type("an integer");
  if (number->get() < min || number->get() > max)
    return wrong(fmt::format("{} is not from {} to {}", number->get(), min, max));
  return number->get();
}

Result<bool> ConfigValue::boolean() const {
  const auto* const boolean = node_->as_boolean();
  if (boolean == nullptr) return wrong_type("true or false");
  return boolean->get();
}

Result<std::vector<std::string>> ConfigValue::texts() const {
  const toml::array* const list = node_->as_array();
  if (list == nullptr) {
    BOWSHOT_ASSIGN(std::string one, text());
    return std::vector{std::move(one)};
  }
  std::vector<std::string> texts;
  for (const toml::node& item : *list) {
    BOWSHOT_ASSIGN(std::string one, ConfigValue(source_, key_, &item).text());
    texts.push_back(std::move(one));
  }
  return texts;
}

Result<std::map<std::string, std::string>> ConfigValue::table_of_texts() const {
  const toml::table* const table = node_->as_table();
  if (table == nullptr) return wrong_type("a table of texts");
  std::map<std::string, std::string> texts;
  for (const auto& [name, item] : *table) {
    const std::string key = fmt::format("{}.{}", key_, name.str());
    BOWSHOT_ASSIGN(texts[std::string(name.str())], ConfigValue(source_, key, &item).text());
  }
  return texts;
}

Result<std::optional<char>> ConfigValue::character() const {
  BOWSHOT_ASSIGN(const std::string one, text());
  if (one.size() > 1) return wrong(fmt::format("\"{}\" is not one character", one));
  return one.empty() ? std::nullopt : std::optional(one[0]);
}

}  // namespace bowshot
