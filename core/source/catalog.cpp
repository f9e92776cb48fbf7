#include "source/catalog.hpp"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "source/file_kind.hpp"
#include "source/file_list.hpp"
#include "source/file_source.hpp"
#include "source/hive_keys.hpp"
#include "source/import/import_source.hpp"

namespace bowshot {

namespace {

constexpr size_t kNameBytesMax = 128;

bool is_name_byte(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

}  // namespace

bool is_dataset_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax && text[0] != '.' && text[0] != '-' &&
         std::ranges::all_of(text, is_name_byte);
}

namespace {

/// A dataset's name from a file's stem or a folder's name: what may not stand in it becomes `_`.
std::string name_from(std::string_view stem) {
  std::string name;
  for (const char c : stem) {
    const bool continues_a_letter = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (continues_a_letter || name.size() == kNameBytesMax) continue;
    name += is_name_byte(c) ? c : '_';
  }
  if (!name.empty() && (name[0] == '.' || name[0] == '-')) name[0] = '_';
  return name;
}

/// The stem of a file; the name of a folder; the folder that a glob begins in.
std::string default_name(const std::string& pattern) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path path =
      fs::absolute(is_glob(pattern) ? glob_root(pattern) : pattern, ignored).lexically_normal();
  const fs::path last = path.has_filename() ? path.filename() : path.parent_path().filename();
  const bool is_folder = is_glob(pattern) || fs::is_directory(path, ignored);
  if (is_folder) return name_from(last.string());
  const bool is_coded = format_of(last.string()).coding != FileCoding::kNone;  // x.csv.gz is x
  return name_from(is_coded ? last.stem().stem().string() : last.stem().string());
}

}  // namespace

namespace {

/// Whether `year=2026/` and the like hold columns that the files do not hold themselves. What
/// cannot be opened is told elsewhere.
bool has_columns_in_folder_names(const FileList& files) {
  const auto keys = hive_keys(files);
  if (!keys) return true;
  if (keys->empty()) return false;
  const auto first = DataFile::make(files.front().path);
  if (!first) return false;
  return std::ranges::any_of(*keys, [&](const HiveKey& key) {
    return (*first)->declared_schema()->GetFieldIndex(key.name) < 0;
  });
}

}  // namespace

Result<DatasetSpec> DatasetSpec::parse(std::string_view argument) {
  const size_t equals = argument.find('=');
  DatasetSpec spec;
  // `dir/year=2026/x.parquet` has no name: what stands before the `=` is not one.
  if (equals != std::string_view::npos && is_dataset_name(argument.substr(0, equals))) {
    spec.name = argument.substr(0, equals);
    argument.remove_prefix(equals + 1);
  }
  spec.pattern = argument;
  if (argument.empty() || argument.find('\0') != std::string_view::npos)
    return fail(ErrorCode::kBadParameter, "a dataset needs a path: PATH or NAME=PATH");
  if (is_glob(spec.pattern) && argument.find("**") != std::string_view::npos)
    return fail(ErrorCode::kBadParameter,
                fmt::format("'{}': ** is not supported; name the folder, and every .parquet file "
                            "below it is read",
                            argument));
  return spec;
}

bool DatasetSpec::operator==(const DatasetSpec& other) const {
  return name == other.name && pattern == other.pattern &&
         options.canonical() == other.options.canonical();
}

Result<std::unique_ptr<Catalog>> Catalog::make(const std::vector<DatasetSpec>& specs,
                                               Importer* importer) {
  auto catalog = std::make_unique<Catalog>();
  for (const DatasetSpec& spec : specs) {
    BOWSHOT_ASSIGN(auto sources, make_sources(spec, importer));
    for (auto& [name, source] : sources) BOWSHOT_TRY(catalog->add(name, std::move(source)));
  }
  return catalog;
}

Result<std::vector<NamedSource>> make_sources(const DatasetSpec& spec, Importer* importer) {
  const std::string name = spec.name.empty() ? default_name(spec.pattern) : spec.name;
  if (!is_dataset_name(name))
    return fail(
        ErrorCode::kBadParameter,
        fmt::format("'{}' gives no name for a dataset: write NAME={}", spec.pattern, spec.pattern));
  const auto files = list_files(spec.pattern);
  // What is not there now is told when it is opened.
  const FileKind kind = format_of(files ? files->front().path : spec.pattern).kind;
  const bool is_in_place =
      kind == FileKind::kParquet && !(files && has_columns_in_folder_names(*files));
  std::vector<NamedSource> sources;
  if (is_in_place || importer == nullptr) {
    sources.push_back({name, std::make_shared<FileSource>(name, spec.pattern)});
    return sources;
  }
  const auto add_import = [&](const std::string& dataset, DuckDbTable table) {
    ImportSpec import{.name = dataset,
                      .pattern = spec.pattern,
                      .kind = kind,
                      .table = std::move(table),
                      .options = spec.options};
    sources.push_back({dataset, std::make_shared<ImportSource>(std::move(import), importer)});
  };
  const bool is_database = kind == FileKind::kDuckDb && files.has_value();
  const auto tables = is_database ? list_duckdb_tables(files->front())
                                  : Result<std::vector<DuckDbTable>>(std::unexpect, Error());
  if (!tables)  // not a database; or it stands there with what is wrong with it
    add_import(name, {});
  else
    for (const DuckDbTable& table : *tables)
      add_import(name_from(fmt::format("{}.{}", name, table.dataset_suffix())), table);
  return sources;
}

Result<void> Catalog::add(const std::string& name, std::shared_ptr<DatasetSource> source) {
  return sources_.with([&](Sources& sources) -> Result<void> {
    const auto [position, is_new] = sources.try_emplace(name, source);
    if (is_new) return {};
    return fail(ErrorCode::kBadParameter,
                fmt::format("'{}' and '{}' are both named {}: give one another name, NAME=PATH",
                            position->second->description(), source->description(), name));
  });
}

std::shared_ptr<DatasetSource> Catalog::replace(const std::string& name,
                                                std::shared_ptr<DatasetSource> source) {
  return sources_.with([&](Sources& sources) {
    std::swap(sources[name], source);
    return source;
  });
}

std::shared_ptr<DatasetSource> Catalog::remove(const std::string& name) {
  return sources_.with([&](Sources& sources) -> std::shared_ptr<DatasetSource> {
    auto node = sources.extract(name);
    return node ? std::move(node.mapped()) : nullptr;
  });
}

std::vector<Catalog::Unopened> Catalog::open_all() {
  std::vector<Unopened> unopened;
  for (const std::string& name : names()) {
    if (opened_.with([&](const auto& opened) { return opened.contains(name); })) continue;
    const auto source = find(name);
    if (!source) continue;  // removed since its name was read
    if (auto dataset = (*source)->current_if_ready(); !dataset)
      unopened.push_back({.name = name, .error = std::move(dataset).error()});
    else
      opened_.with([&](auto& opened) { opened.insert(name); });
  }
  return unopened;
}

std::vector<std::string> Catalog::names() const {
  return sources_.with([](const Sources& sources) {
    std::vector<std::string> names;
    for (const auto& [name, source] : sources) names.push_back(name);
    return names;
  });
}

Result<std::shared_ptr<DatasetSource>> Catalog::find(const std::string& name) const {
  auto found = sources_.with([&](const Sources& sources) -> std::shared_ptr<DatasetSource> {
    const auto position = sources.find(name);
    return position == sources.end() ? nullptr : position->second;
  });
  if (found) return found;
  Error error{.code = ErrorCode::kUnknownDataset,
              .detail = fmt::format("there is no dataset '{}'", name)};
  error.suggestions = suggest(name, names());
  return fail(std::move(error));
}

Result<std::shared_ptr<const Dataset>> Catalog::current(const std::string& name) const {
  BOWSHOT_ASSIGN(const auto source, find(name));
  return source->current();  // out of the lock: opening files may take a while
}

}  // namespace bowshot
