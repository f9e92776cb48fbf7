#include "source/hive_keys.hpp"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace bowshot {

namespace {

constexpr std::string_view kNull = "__HIVE_DEFAULT_PARTITION__";

using Pair = std::pair<std::string, std::string>;  // name and value, as they are spelt

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool is_utf8(std::string_view text) {
  arrow::util::InitializeUTF8();
  return arrow::util::ValidateUTF8(reinterpret_cast<const uint8_t*>(text.data()),
                                   static_cast<int64_t>(text.size()));
}

/// `%2F` is a slash; a `%` that begins no such code is itself. Codes that give no UTF-8 mean
/// nothing: then the text is as it is spelt.
std::string decode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_code = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                         hex_digit(text[i + 2]) >= 0;
    decoded +=
        is_code ? static_cast<char>(16 * hex_digit(text[i + 1]) + hex_digit(text[i + 2])) : text[i];
    if (is_code) i += 2;
  }
  return is_utf8(decoded) ? decoded : std::string(text);
}

std::vector<Pair> pairs_of(std::string_view path) {
  std::vector<Pair> pairs;
  for (size_t slash; (slash = path.find('/')) != std::string_view::npos;
       path.remove_prefix(slash + 1)) {
    const std::string_view folder = path.substr(0, slash);
    const size_t equals = folder.find('=');
    if (equals != std::string_view::npos && equals > 0)
      pairs.emplace_back(decode(folder.substr(0, equals)), decode(folder.substr(equals + 1)));
  }
  return pairs;
}

std::shared_ptr<arrow::Scalar> as_integer(const std::string& text) {
  int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || fmt::format("{}", value) != text) return nullptr;
  return std::make_shared<arrow::Int64Scalar>(value);
}

std::shared_ptr<arrow::Scalar> as_date(const std::string& text) {
  constexpr size_t kDateBytes = 10;  // 2026-01-31
  if (text.size() != kDateBytes) return nullptr;
  auto parsed = arrow::Scalar::Parse(arrow::date32(), text);
  return parsed.ok() ? *std::move(parsed) : nullptr;
}

/// The values by one way to read them; nothing where one of them is not to be read so.
template <class Read>
std::optional<std::vector<std::shared_ptr<arrow::Scalar>>> read_all(
    const std::vector<std::string>& texts, const std::shared_ptr<arrow::DataType>& type,
    Read&& read) {
  std::vector<std::shared_ptr<arrow::Scalar>> values;
  bool has_value = false;
  for (const std::string& text : texts) {
    auto value = text == kNull ? arrow::MakeNullScalar(type) : read(text);
    if (!value) return std::nullopt;
    has_value |= value->is_valid;
    values.push_back(std::move(value));
  }
  if (!has_value) return std::nullopt;
  return values;
}

HiveKey make_key(std::string name, const std::vector<std::string>& texts) {
  if (auto values = read_all(texts, arrow::int64(), as_integer))
    return {.name = std::move(name), .type = arrow::int64(), .values = *std::move(values)};
  if (auto values = read_all(texts, arrow::date32(), as_date))
    return {.name = std::move(name), .type = arrow::date32(), .values = *std::move(values)};
  HiveKey key{.name = std::move(name), .type = arrow::utf8(), .values = {}};
  for (const std::string& text : texts)
    key.values.push_back(text == kNull ? arrow::MakeNullScalar(arrow::utf8())
                                       : std::make_shared<arrow::StringScalar>(text));
  return key;
}

}  // namespace

Result<std::vector<HiveKey>> hive_keys(const FileList& files) {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> texts;  // by key, one a file
  for (const Pair& pair : pairs_of(files.front().display_name)) names.push_back(pair.first);
  texts.resize(names.size());
  for (size_t i = 0; i < names.size(); ++i)
    if (std::find(names.begin(), names.begin() + static_cast<ptrdiff_t>(i), names[i]) !=
        names.begin() + static_cast<ptrdiff_t>(i))
      return fail(ErrorCode::kBadData, fmt::format("'{}' lies in two folders of the key {}",
                                                   files.front().display_name, names[i]));
  for (const ListedFile& file : files) {
    if (!names.empty() && !is_utf8(file.display_name))
      return fail(ErrorCode::kBadData, "a file lies in a folder whose name is not UTF-8");
    const std::vector<Pair> pairs = pairs_of(file.display_name);
    bool is_alike = pairs.size() == names.size();
    for (size_t i = 0; is_alike && i < pairs.size(); ++i) is_alike = pairs[i].first == names[i];
    if (!is_alike)
      return fail(ErrorCode::kBadData, fmt::format("'{}' lies in folders of other keys than '{}'",
                                                   file.display_name, files.front().display_name));
    for (size_t i = 0; i < pairs.size(); ++i) texts[i].push_back(pairs[i].second);
  }
  std::vector<HiveKey> keys;
  for (size_t i = 0; i < names.size(); ++i) keys.push_back(make_key(names[i], texts[i]));
  return keys;
}

}  // namespace bowshot
