#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.hpp"
#include "source/dataset_source.hpp"
#include "source/import/import_options.hpp"
#include "source/import/importer.hpp"

namespace bowshot {

/// Where a dataset comes from, as the user wrote it: `flights=data/*.parquet`, `dir/`, `x.parquet`.
struct DatasetSpec {
  std::string name;            // empty: the stem of the file, directory or glob's directory
  std::string pattern;         // a file, a directory (every file of one kind below it) or a glob
  ImportOptions options = {};  // of text files
  bool operator==(const DatasetSpec& other) const;
  static Result<DatasetSpec> parse(std::string_view argument);
};

struct NamedSource {
  std::string name;
  std::shared_ptr<DatasetSource> source;
};
/// What a spec stands for: one dataset, of a database one for each table. Opens nothing yet.
/// `importer` converts what is not Parquet; it outlives the sources. `bad_parameter`: no name.
Result<std::vector<NamedSource>> make_sources(const DatasetSpec& spec, Importer* importer);

/// `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
bool is_dataset_name(std::string_view text);

/// The datasets that a server serves, by name. Safe from any thread.
class Catalog {
 public:
  /// Resolves names (two specs of one name: an error that names both); opens nothing yet.
  /// A database gives a dataset for each of its tables. `importer` converts what is not Parquet; it
  /// outlives the catalog.
  static Result<std::unique_ptr<Catalog>> make(const std::vector<DatasetSpec>& specs,
                                               Importer* importer = nullptr);

  /// An error that names both where the name is taken.
  Result<void> add(const std::string& name, std::shared_ptr<DatasetSource> source);
  /// Adds it, or takes the place of what had the name before, which is returned.
  std::shared_ptr<DatasetSource> replace(const std::string& name,
                                         std::shared_ptr<DatasetSource> source);
  /// What had the name; null: nothing.
  std::shared_ptr<DatasetSource> remove(const std::string& name);

  /// A dataset that has not been opened yet, and why.
  struct Unopened {
    std::string name;
    Error error;
  };
  /// Opens every dataset that was never open; of what is converted first, has that begin. Empty:
  /// each of them has been, be it gone by now.
  std::vector<Unopened> open_all();
  std::vector<std::string> names() const;  // sorted
  /// `unknown_dataset` with suggestions.
  Result<std::shared_ptr<DatasetSource>> find(const std::string& name) const;
  /// The current version: find(), then DatasetSource::current().
  Result<std::shared_ptr<const Dataset>> current(const std::string& name) const;

 private:
  using Sources = std::map<std::string, std::shared_ptr<DatasetSource>>;
  Guarded<Sources> sources_;
  Guarded<std::set<std::string>> opened_;  // the names of those that have been open
};

}  // namespace bowshot
