#include "inspect_command.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <filesystem>

#include "source/file_list.hpp"
#include "source/import/conversion.hpp"
#include "source/inspection.hpp"

namespace bowshot {

namespace {

constexpr const char* kAbout =
    "Tells of files: their schema, rows, row groups, sizes, codecs, encodings, page index and "
    "checksums, and what will be slow and why. Of files that are not Parquet: what would be "
    "converted, as it looks so far.\n";

void print_lines(const boost::json::array& lines, std::string_view before) {
  for (const auto& line : lines) fmt::print("{}{}\n", before, std::string(line.get_string()));
}

void print_file(const boost::json::object& file) {
  const auto number = [&](std::string_view key) { return file.at(key).as_int64(); };
  fmt::print("{}: {} rows, {} bytes, {} row groups of at most {} rows and {} bytes\n",
             std::string(file.at("file").get_string()), number("rows"), number("bytes"),
             number("row_groups"), number("row_group_rows_max"), number("row_group_bytes_max"));
  fmt::print("  written by {}; page index: {}; page checksums: {}\n",
             std::string(file.at("created_by").get_string()),
             file.at("page_index").get_bool() ? "yes" : "no",
             file.at("page_checksums").get_bool() ? "yes" : "no");
  for (const auto& item : file.at("columns").get_array()) {
    const auto& column = item.get_object();
    fmt::print("  {:<24} {:<26} {:>14} bytes, {:>14} unpacked  {}  {}\n",
               std::string(column.at("name").get_string()),
               std::string(column.at("type").get_string()), column.at("bytes").as_int64(),
               column.at("bytes_unpacked").as_int64(), std::string(column.at("codec").get_string()),
               std::string(column.at("encodings").get_string()));
  }
  const auto& slow = file.at("slow").get_array();
  fmt::print("  {}\n", slow.empty() ? "Nothing about it is slow." : "What will be slow, and why:");
  print_lines(slow, "  - ");
}

/// What detection makes of the beginning of files that are not Parquet.
Result<boost::json::object> inspect_import(const FileList& files, FileKind kind) {
  boost::json::object found = {{"kind", kind_name(kind)}};
  if (kind == FileKind::kDuckDb) {
    BOWSHOT_ASSIGN(const auto tables, list_duckdb_tables(files.front()));
    boost::json::array names;
    for (const DuckDbTable& table : tables) names.emplace_back(table.dataset_suffix());
    found["tables"] = std::move(names);
    return found;
  }
  ConversionSource source;
  source.kind = kind;
  source.files = files;
  BOWSHOT_ASSIGN(const auto reader, open_record_reader(source, {}, nullptr));
  BOWSHOT_TRY(reader->next());
  found["schema"] = schema_json(*reader->schema());
  for (const auto& [key, value] : reader->details()) found[key] = value;
  return found;
}

Result<boost::json::object> inspect(const std::string& path) {
  BOWSHOT_ASSIGN(const FileList files, list_files(path));
  const FileKind kind = format_of(files.front().path).kind;
  if (kind != FileKind::kParquet) return inspect_import(files, kind);
  boost::json::array inspected;
  for (const ListedFile& listed : files) {
    BOWSHOT_ASSIGN(const auto file, DataFile::make(listed.path, listed.display_name));
    BOWSHOT_ASSIGN(auto one, inspect_parquet(file));
    inspected.push_back(std::move(one));
  }
  return boost::json::object{{"kind", "parquet"}, {"files", std::move(inspected)}};
}

int run_command(const std::string& path, bool as_json) {
  const auto found = inspect(path);
  if (!found) {
    fmt::print(stderr, "bowshot: {}\n", found.error().detail);
    return 1;
  }
  if (as_json || found->at("kind").get_string() != "parquet") {
    fmt::print("{}\n", boost::json::serialize(*found));
    return 0;
  }
  for (const auto& file : found->at("files").get_array()) print_file(file.get_object());
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& app, std::optional<int>& exit_code) {
  CLI::App* command = app.add_subcommand("inspect", kAbout);
  const auto path = std::make_shared<std::string>();  // shared with the callback
  const auto as_json = std::make_shared<bool>(false);
  command->add_option("path", *path, "A file, a directory or a glob")
      ->required()
      ->type_name("PATH");
  command->add_flag("--json", *as_json, "As JSON");
  command->callback([path, as_json, &exit_code] { exit_code = run_command(*path, *as_json); });
}

}  // namespace bowshot
