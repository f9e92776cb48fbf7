#include "config_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <span>

#include "config_value.hpp"
#include "option_checks.hpp"
#include "source/catalog.hpp"

namespace bowshot {

namespace {

/// Far above any configuration; bounds what a wrong path can make us read.
constexpr size_t kConfigBytesMax = 4 << 20;
constexpr size_t kReadBytes = 16 << 10;

using TextCheck = std::string (*)(const std::string&);

Result<void> check_text(const ConfigValue& value, const std::string& text, TextCheck check) {
  const std::string problem = check(text);
  if (!problem.empty()) return value.wrong(problem);
  return {};
}

// How a key's value gets into the options, by the member that it fills.

template <auto Member>
Result<void> set_text(const ConfigValue& value, auto& options) {
  BOWSHOT_ASSIGN(options.*Member, value.text());
  return {};
}

template <auto Member, TextCheck Check>
Result<void> set_checked(const ConfigValue& value, auto& options) {
  BOWSHOT_ASSIGN(options.*Member, value.text());
  return check_text(value, options.*Member, Check);
}

template <auto Member>
Result<void> set_path(const ConfigValue& value, auto& options) {
  BOWSHOT_ASSIGN(options.*Member, value.path());
  return {};
}

template <auto Member>
Result<void> set_boolean(const ConfigValue& value, auto& options) {
  BOWSHOT_ASSIGN(options.*Member, value.boolean());
  return {};
}

template <auto Member, TextCheck Check>
Result<void> set_list(const ConfigValue& value, ServeOptions& options) {
  BOWSHOT_ASSIGN(options.*Member, value.texts());
  for (const std::string& text : options.*Member) BOWSHOT_TRY(check_text(value, text, Check));
  return {};
}

Result<void> set_port(const ConfigValue& value, ServeOptions& options) {
  BOWSHOT_ASSIGN(const int64_t port, value.number(0, std::numeric_limits<uint16_t>::max()));
  options.port = static_cast<uint16_t>(port);
  return {};
}

Result<void> set_listen(const ConfigValue& value, ServeOptions& options) {
  BOWSHOT_TRY((set_list<&ServeOptions::listen, check_listen>(value, options)));
  for (size_t i = 0; i < options.listen.size(); ++i)
    options.listen[i] = "unix:" + value.resolved(options.unix_sockets()[i]);
  return {};
}

template <class Options>
struct Key {
  std::string_view name;
  std::string_view type;
  Result<void> (*set)(const ConfigValue&, Options&);
};

constexpr std::array<Key<ServeOptions>, 14> kServerKeys = {{
    {"host", "text", set_checked<&ServeOptions::host, check_host>},
    {"port", "number", set_port},
    {"listen", "list of texts", set_listen},
    {"no_tcp", "boolean", set_boolean<&ServeOptions::no_tcp>},
    {"tls_cert", "path", set_path<&ServeOptions::tls_cert>},
    {"tls_key", "path", set_path<&ServeOptions::tls_key>},
    {"token_file", "path", set_path<&ServeOptions::token_file>},
    {"allow_host", "list of texts", set_list<&ServeOptions::allowed_hosts, check_host_name>},
    {"allow_origin", "list of texts", set_list<&ServeOptions::allowed_origins, check_origin>},
    {"allow_publish", "boolean", set_boolean<&ServeOptions::allow_publish>},
    {"publish_dir", "path", set_path<&ServeOptions::publish_directory>},
    {"log_level", "text", set_checked<&ServeOptions::log_level, check_log_level>},
    {"log_format", "text", set_checked<&ServeOptions::log_format, check_log_format>},
    {"cache_directory", "path", set_path<&ServeOptions::cache_directory>},
}};

/// In the protocol it is one of the limits; beside them in [limits] it is understood too.
constexpr std::string_view kCacheDirectory = "cache_directory";

// Datasets: the path, then how text files are read.

template <auto Member>
Result<void> set_character(const ConfigValue& value, DatasetConfig& dataset) {
  BOWSHOT_ASSIGN(dataset.import.*Member, value.character());
  return {};
}

/// Without a quote nothing is quoted.
Result<void> set_quote(const ConfigValue& value, DatasetConfig& dataset) {
  BOWSHOT_ASSIGN(const auto quote, value.character());
  dataset.import.quote = quote.value_or('\0');
  return {};
}

Result<void> set_decimal(const ConfigValue& value, DatasetConfig& dataset) {
  BOWSHOT_ASSIGN(const auto decimal, value.character());
  if (!decimal) return value.wrong("one character is wanted");
  dataset.import.decimal = *decimal;
  return {};
}

Result<void> set_header(const ConfigValue& value, DatasetConfig& dataset) {
  return set_boolean<&ImportOptions::header>(value, dataset.import);
}

Result<void> set_skip_bad_rows(const ConfigValue& value, DatasetConfig& dataset) {
  return set_boolean<&ImportOptions::skip_bad_rows>(value, dataset.import);
}

Result<void> set_null(const ConfigValue& value, DatasetConfig& dataset) {
  BOWSHOT_ASSIGN(dataset.import.nulls, value.texts());
  return {};
}

Result<void> set_timestamp_format(const ConfigValue& value, DatasetConfig& dataset) {
  return set_text<&ImportOptions::timestamp_format>(value, dataset.import);
}

Result<void> set_encoding(const ConfigValue& value, DatasetConfig& dataset) {
  return set_text<&ImportOptions::encoding>(value, dataset.import);
}

Result<void> set_types(const ConfigValue& value, DatasetConfig& dataset) {
  BOWSHOT_ASSIGN(dataset.import.types, value.table_of_texts());
  return {};
}

constexpr std::array<Key<DatasetConfig>, 11> kDatasetKeys = {{
    {"path", "path", set_path<&DatasetConfig::path>},
    {"delimiter", "character", set_character<&ImportOptions::delimiter>},
    {"quote", "character", set_quote},
    {"escape", "character", set_character<&ImportOptions::escape>},
    {"header", "boolean", set_header},
    {"null", "list of texts", set_null},
    {"timestamp_format", "text", set_timestamp_format},
    {"decimal", "character", set_decimal},
    {"encoding", "text", set_encoding},
    {"skip_bad_rows", "boolean", set_skip_bad_rows},
    {"types", "table of texts", set_types},
}};

template <class Options>
const Key<Options>* find_key(std::span<const Key<Options>> keys, std::string_view name) {
  for (const Key<Options>& key : keys)
    if (key.name == name) return &key;
  return nullptr;
}

/// Reads one file. Lives in read_config_file().
class ConfigReader {
 public:
  ConfigReader(const ConfigSource* source, ServeOptions* options)
      : source_(source), options_(options) {}

  Result<void> read_tables(const toml::table& file);

 private:
  Result<const toml::table*> table_of(const toml::key& name, const toml::node& node) const;
  Result<void> read_limits(const toml::table& table);
  Result<void> read_datasets(const toml::table& table);
  Result<void> read_dataset(const toml::key& name, const toml::table& table);
  template <class Options>
  Result<void> read_keys(const toml::table& table, std::string_view table_name,
                         std::span<const Key<Options>> keys, Options& options) const;
  std::unexpected<Error> unknown(const toml::key& key, std::string_view what,
                                 const std::vector<std::string>& known) const;

  const ConfigSource* source_;  // outlives the reader
  ServeOptions* options_;       // outlives the reader
};

Result<void> ConfigReader::read_tables(const toml::table& file) {
  for (const auto& [name, node] : file) {
    if (name != "server" && name != "limits" && name != "datasets")
      return unknown(name, "there is no table", {"server", "limits", "datasets"});
    BOWSHOT_ASSIGN(const toml::table* table, table_of(name, node));
    if (name == "server")
      BOWSHOT_TRY(read_keys<ServeOptions>(*table, "server", kServerKeys, *options_));
    else
      BOWSHOT_TRY(name == "limits" ? read_limits(*table) : read_datasets(*table));
  }
  const toml::node* const twice = file.at_path("limits.cache_directory").node();
  if (twice != nullptr && file.at_path("server.cache_directory"))
    return source_->wrong(twice->source(), "[limits] cache_directory: [server] has it already");
  return {};
}

Result<const toml::table*> ConfigReader::table_of(const toml::key& name,
                                                  const toml::node& node) const {
  if (const toml::table* table = node.as_table()) return table;
  return source_->wrong(name.source(), fmt::format("{} is a table: [{}]", name.str(), name.str()));
}

std::unexpected<Error> ConfigReader::unknown(const toml::key& key, std::string_view what,
                                             const std::vector<std::string>& known) const {
  const std::vector<std::string> near = suggest(key.str(), known);
  std::string text = fmt::format("{} \"{}\"", what, key.str());
  if (!near.empty()) text += fmt::format("; is \"{}\" meant?", near.front());
  return source_->wrong(key.source(), text);
}

template <class Options>
Result<void> ConfigReader::read_keys(const toml::table& table, std::string_view table_name,
                                     std::span<const Key<Options>> keys, Options& options) const {
  for (const auto& [name, node] : table) {
    const Key<Options>* const key = find_key(keys, name.str());
    if (key == nullptr) {
      std::vector<std::string> known;
      for (const Key<Options>& one : keys) known.emplace_back(one.name);
      return unknown(name, fmt::format("[{}] has no key", table_name), known);
    }
    const std::string place = fmt::format("[{}] {}", table_name, name.str());
    BOWSHOT_TRY(key->set(ConfigValue(source_, place, &node), options));
  }
  return {};
}

Result<void> ConfigReader::read_limits(const toml::table& table) {
  std::vector<std::string> known = {std::string(kCacheDirectory)};
  for (const LimitInfo& limit : limit_table()) known.emplace_back(limit.name);
  for (const auto& [name, node] : table) {
    const ConfigValue value(source_, fmt::format("[limits] {}", name.str()), &node);
    if (name.str() == kCacheDirectory) {
      BOWSHOT_ASSIGN(options_->cache_directory, value.path());
      continue;
    }
    const auto limit = std::ranges::find(limit_table(), name.str(), &LimitInfo::name);
    if (limit == limit_table().end()) return unknown(name, "[limits] has no key", known);
    BOWSHOT_ASSIGN(options_->limits.*limit->member,
                   value.number(limit->min, std::numeric_limits<int64_t>::max() / 4));
  }
  return {};
}

Result<void> ConfigReader::read_datasets(const toml::table& table) {
  for (const auto& [name, node] : table) {
    if (!is_dataset_name(name.str()))
      return source_->wrong(name.source(),
                            fmt::format("\"{}\" cannot name a dataset: letters, digits, _ . and -, "
                                        "at most 128, not beginning with . or -",
                                        name.str()));
    const toml::table* const dataset = node.as_table();
    if (dataset == nullptr)
      return source_->wrong(name.source(),
                            fmt::format("a dataset is a table: [datasets.{}]", name.str()));
    BOWSHOT_TRY(read_dataset(name, *dataset));
  }
  return {};
}

Result<void> ConfigReader::read_dataset(const toml::key& name, const toml::table& table) {
  DatasetConfig dataset{.name = std::string(name.str()), .path = {}, .import = {}};
  const std::string place = fmt::format("datasets.{}", dataset.name);
  BOWSHOT_TRY(read_keys<DatasetConfig>(table, place, kDatasetKeys, dataset));
  if (dataset.path.empty())
    return source_->wrong(name.source(), fmt::format("[{}] needs a path", place));
  if (const auto checked = dataset.import.check(); !checked) {
    const toml::node* const culprit = table.get(checked.error().parameter);
    return source_->wrong(culprit != nullptr ? culprit->source() : name.source(),
                          fmt::format("[{}] {}", place, checked.error().detail));
  }
  options_->configured_datasets.push_back(std::move(dataset));
  return {};
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, kReadBytes> piece;
  bool is_more = true;
  while (is_more && text.size() <= kConfigBytesMax) {
    is_more = static_cast<bool>(file.read(piece.data(), piece.size()));
    text.append(piece.data(), static_cast<size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad())
    return fail(ErrorCode::kBadParameter,
                fmt::format("the configuration {} cannot be read: {}", path,
                            std::generic_category().message(errno)));
  if (text.size() > kConfigBytesMax)
    return fail(ErrorCode::kBadParameter,
                fmt::format("the configuration {} has more than {} bytes", path, kConfigBytesMax));
  return text;
}

}  // namespace

std::vector<ConfigKey> config_keys() {
  std::vector<ConfigKey> keys;
  for (const auto& key : kServerKeys) keys.push_back({"server", key.name, key.type});
  for (const LimitInfo& limit : limit_table()) keys.push_back({"limits", limit.name, "number"});
  keys.push_back({"limits", kCacheDirectory, "path"});
  for (const auto& key : kDatasetKeys) keys.push_back({"datasets.NAME", key.name, key.type});
  return keys;
}

namespace {

Result<void> read_config(const ConfigSource& source, std::string_view text, ServeOptions& options) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return source.wrong(parsed.error().source(), parsed.error().description());
  return ConfigReader(&source, &options).read_tables(parsed.table());
}

}  // namespace

std::string default_cache_directory() {
  const char* const cache_home = std::getenv("XDG_CACHE_HOME");
  if (cache_home != nullptr && *cache_home == '/') return fmt::format("{}/bowshot", cache_home);
  const char* const home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return fmt::format("{}/.cache/bowshot", home);
  return "/tmp/bowshot";
}

Result<void> read_config_file(const std::string& path, ServeOptions& options) {
  BOWSHOT_ASSIGN(const std::string text, read_text(path));
  std::error_code failed;
  return read_config(
      {.path = path, .folder = std::filesystem::absolute(path, failed).parent_path()}, text,
      options);
}

Result<void> read_config_text(const std::string& name, std::string_view text,
                              ServeOptions& options) {
  std::error_code failed;
  return read_config({.path = name, .folder = std::filesystem::current_path(failed)}, text,
                     options);
}

}  // namespace bowshot
