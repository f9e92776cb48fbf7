#include "source/dataset.hpp"

#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/types.h>
#include <parquet/xxhasher.h>
#include <unistd.h>

#include <chrono>
#include <unordered_map>
#include <unordered_set>

#include "base/check.hpp"
#include "base/guarded.hpp"
#include "source/column_dictionary.hpp"
#include "source/data_type.hpp"
#include "source/memory_table.hpp"

namespace bowshot {

struct Dataset::Dictionaries {
  using Slot = Guarded<std::shared_ptr<const ColumnDictionary>>;
  std::unique_ptr<Slot[]> slots;  // one a column
  std::unordered_map<std::string, int> column_indices;
};

namespace {

/// Arrow reads an INTERVAL as 12 opaque bytes, which would pass for binary.
bool holds_interval(const DataFile& file, int column) {
  for (int leaf = file.leaf_starts()[column]; leaf < file.leaf_starts()[column + 1]; ++leaf) {
    const auto& logical = file.metadata()->schema()->Column(leaf)->logical_type();
    if (logical && logical->is_interval()) return true;
  }
  return false;
}

/// `year=2026/` above a file is a column that these files do not hold: leaving it out would be a
/// silent loss, so until such columns are read, it is an error.
Result<void> check_hive_folders(const DataFile& file,
                                const std::unordered_set<std::string>& names) {
  const std::string_view path = file.display_name();
  for (size_t begin = 0, slash; (slash = path.find('/', begin)) != path.npos; begin = slash + 1) {
    const std::string_view folder = path.substr(begin, slash - begin);
    const size_t equals = folder.find('=');
    if (equals == folder.npos || equals == 0) continue;
    const std::string key(folder.substr(0, equals));
    if (!names.contains(key))
      return fail(ErrorCode::kBadData,
                  fmt::format("'{}': the column \"{}\" that its folder's name stands for is not "
                              "supported",
                              path, key));
  }
  return {};
}

/// The protocol's schema of one file.
Result<std::shared_ptr<arrow::Schema>> protocol_schema(const DataFile& file) {
  arrow::FieldVector fields;
  std::unordered_set<std::string> names;
  const arrow::FieldVector& declared = file.declared_schema()->fields();
  for (int column = 0; column < static_cast<int>(declared.size()); ++column) {
    const arrow::Field& field = *declared[column];
    if (!names.insert(field.name()).second)
      return fail(ErrorCode::kBadData, fmt::format("'{}' has two columns named \"{}\"",
                                                   file.display_name(), field.name()));
    if (holds_interval(file, column))
      return fail(ErrorCode::kBadData,
                  fmt::format("'{}': column \"{}\": type interval is not supported",
                              file.display_name(), field.name()));
    auto type = protocol_type(*field.type());
    if (!type)
      return fail(ErrorCode::kBadData, fmt::format("'{}': column \"{}\": {}", file.display_name(),
                                                   field.name(), type.error().detail));
    const bool nullable = field.nullable() || field.type()->id() == arrow::Type::NA;
    fields.push_back(arrow::field(field.name(), *std::move(type), nullable));
  }
  BOWSHOT_TRY(check_hive_folders(file, names));
  return arrow::schema(std::move(fields));
}

std::string describe(const arrow::Schema& schema, int column) {
  if (column >= schema.num_fields()) return "no such column";
  const arrow::Field& field = *schema.field(column);
  return fmt::format("\"{}\" {}", field.name(), type_name(*field.type()));
}

/// `schema` widened so that `other` fits: the same names and types in the same order; a column is
/// nullable where any file has it so.
Result<std::shared_ptr<arrow::Schema>> merge(const std::shared_ptr<arrow::Schema>& schema,
                                             const arrow::Schema& other, const DataFile& first,
                                             const DataFile& file) {
  arrow::FieldVector fields;
  for (int column = 0; column < std::max(schema->num_fields(), other.num_fields()); ++column) {
    const bool is_in_both = column < schema->num_fields() && column < other.num_fields();
    if (!is_in_both || schema->field(column)->name() != other.field(column)->name() ||
        !schema->field(column)->type()->Equals(*other.field(column)->type()))
      return fail(ErrorCode::kBadData,
                  fmt::format("'{}' has another schema than '{}': column {} is {}, there it is {}",
                              file.display_name(), first.display_name(), column,
                              describe(other, column), describe(*schema, column)));
    const auto& field = schema->field(column);
    fields.push_back(field->WithNullable(field->nullable() || other.field(column)->nullable()));
  }
  return arrow::schema(std::move(fields));
}

/// Two 64-bit hashes as 22 characters that are safe in URLs and headers.
std::string digest(const std::string& text) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string version;
  for (const char salt : {'1', '2'}) {
    const std::string salted = salt + text;
    const parquet::ByteArray view(static_cast<uint32_t>(salted.size()),
                                  reinterpret_cast<const uint8_t*>(salted.data()));
    uint64_t hash = parquet::XxHasher().Hash(&view);
    for (int i = 0; i < 11; ++i, hash >>= 6) version += kAlphabet[hash & 63];
  }
  return version;
}

std::string schema_text(const arrow::Schema& schema) {
  std::string text;
  for (const auto& field : schema.fields())
    text += fmt::format("{} {} {} {}\n", field->name().size(), field->name(),
                        type_name(*field->type()), field->nullable());
  return text;
}

std::string make_version(const std::vector<DatasetFile>& files, const arrow::Schema& schema) {
  std::string text;
  for (const DatasetFile& part : files) {
    const FileIdentity& identity = part.file->identity();
    text += fmt::format("{} {} {} {} {}\n", identity.device, identity.inode, identity.bytes,
                        identity.modified_ns, identity.footer_hash);
  }
  return digest(text + schema_text(schema));
}

/// A table in memory is one version: its number in this process, and which process that is.
std::string make_version(const MemoryTable& table) {
  static const int64_t process = std::chrono::system_clock::now().time_since_epoch().count();
  return digest(fmt::format("memory {} {} {}\n", process, ::getpid(), table.id()) +
                schema_text(*table.schema()));
}

}  // namespace

Result<std::shared_ptr<const Dataset>> Dataset::make(std::string name,
                                                     const std::vector<std::string>& paths) {
  std::vector<std::shared_ptr<const DataFile>> files;
  for (const std::string& path : paths) {
    BOWSHOT_ASSIGN(auto file, DataFile::make(path));
    files.push_back(std::move(file));
  }
  return make(std::move(name), std::move(files));
}

Result<std::shared_ptr<const Dataset>> Dataset::make(
    std::string name, std::vector<std::shared_ptr<const DataFile>> files) {
  if (files.empty()) return fail(ErrorCode::kBadData, "a dataset needs at least one file");
  std::shared_ptr<Dataset> dataset(new Dataset);
  dataset->name_ = std::move(name);
  for (auto& file : files) {
    BOWSHOT_ASSIGN(auto schema, protocol_schema(*file));
    if (!dataset->schema_) {
      dataset->schema_ = std::move(schema);
    } else {
      BOWSHOT_ASSIGN(dataset->schema_, merge(dataset->schema_, *schema, *files[0], *file));
    }
    const int64_t first_row = dataset->rows_;
    if (file->rows() > INT64_MAX / 2 - first_row)
      return fail(ErrorCode::kBadData, "the files claim more rows than can be numbered");
    dataset->rows_ += file->rows();
    dataset->bytes_ += file->identity().bytes;
    dataset->files_.push_back({.file = file, .first_row = first_row});
  }
  dataset->version_ = make_version(dataset->files_, *dataset->schema_);
  dataset->index_columns();
  return dataset;
}

Result<std::shared_ptr<const Dataset>> Dataset::make(std::string name,
                                                     std::shared_ptr<const MemoryTable> table) {
  std::shared_ptr<Dataset> dataset(new Dataset);
  dataset->name_ = std::move(name);
  dataset->schema_ = table->schema();
  dataset->rows_ = table->rows();
  dataset->bytes_ = table->bytes();
  dataset->version_ = make_version(*table);
  dataset->table_ = std::move(table);
  dataset->index_columns();
  return dataset;
}

void Dataset::index_columns() {
  dictionaries_ = std::make_shared<Dictionaries>();
  const int columns = schema_->num_fields();
  dictionaries_->slots = std::make_unique<Dictionaries::Slot[]>(columns);
  for (int column = 0; column < columns; ++column)
    dictionaries_->column_indices.emplace(schema_->field(column)->name(), column);
}

int Dataset::column_index(std::string_view name) const {
  const auto& indices = dictionaries_->column_indices;
  const auto found = indices.find(std::string(name));
  return found == indices.end() ? -1 : found->second;
}

Result<void> Dataset::check_unchanged() const {
  for (const DatasetFile& part : files_) BOWSHOT_TRY(part.file->check_unchanged());
  return {};
}

Result<std::shared_ptr<const ColumnDictionary>> Dataset::column_dictionary(int column) const {
  BOWSHOT_CHECK(column >= 0 && column < schema_->num_fields());
  BOWSHOT_CHECK(schema_->field(column)->type()->id() == arrow::Type::DICTIONARY);
  if (table_) return table_->dictionary(column);
  // Held while the column is read: who comes second waits for the first instead of reading too.
  return dictionaries_->slots[column].with(
      [&](auto& slot) -> Result<std::shared_ptr<const ColumnDictionary>> {
        if (!slot) {
          BOWSHOT_ASSIGN(slot, ColumnDictionary::make(files_, column));
        }
        return slot;
      });
}

Result<std::shared_ptr<arrow::Array>> Dataset::dictionary(int column) const {
  BOWSHOT_ASSIGN(const auto dictionary, column_dictionary(column));
  return dictionary->values();
}

}  // namespace bowshot
