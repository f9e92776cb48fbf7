#pragma once

#include <memory>
#include <string>
#include <vector>

#include "source/dataset.hpp"

namespace bowshot {

/// Where a dataset comes from, as the user wrote it: `flights=data/*.parquet`, `dir/`, `x.parquet`.
struct DatasetSpec {
  std::string name;     // empty: the stem of the file, directory or glob's directory
  std::string pattern;  // a file, a directory (every .parquet below it) or a glob
  static Result<DatasetSpec> parse(std::string_view argument);
};

/// The datasets that a server serves. Files are looked at again whenever a request starts: what has
/// changed opens a new version, while answers under way keep the old one. Safe from any thread.
class Catalog {
 public:
  /// Resolves names (two specs of one name: an error that names both); opens nothing yet.
  static Result<std::unique_ptr<Catalog>> make(const std::vector<DatasetSpec>& specs);
  ~Catalog();

  /// Opens every dataset; an error names the dataset and the file. After it `ready()` holds.
  Result<void> open_all();
  bool ready() const;
  std::vector<std::string> names() const;  // sorted
  /// The current version, reopened if its files changed. `unknown_dataset` with suggestions;
  /// `bad_data` when what is there now cannot be opened.
  Result<std::shared_ptr<const Dataset>> current(const std::string& name) const;

 private:
  Catalog();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bowshot
