#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/guarded.hpp"
#include "source/dataset_source.hpp"
#include "source/file_kind.hpp"
#include "source/import/importer.hpp"

namespace bowshot {

/// Where a dataset that is converted comes from.
struct ImportSpec {
  std::string name;     // the dataset's
  std::string pattern;  // as the user wrote it
  FileKind kind = FileKind::kCsv;
  DuckDbTable table = {};
  ImportOptions options = {};
};

/// Files that are not Parquet: converted in the background to Parquet in the cache, which is the
/// dataset from then on. They are looked at whenever the current version is asked for; what changed
/// is converted again while those who ask wait.
class ImportSource : public DatasetSource, public std::enable_shared_from_this<ImportSource> {
 public:
  /// `importer` outlives this.
  ImportSource(ImportSpec spec, Importer* importer) : spec_(std::move(spec)), importer_(importer) {}

  /// `not_ready`, with how far it is, while the first conversion is under way; of a later one the
  /// end is waited for, for some seconds.
  Result<std::shared_ptr<const Dataset>> current() override;
  Result<std::shared_ptr<const Dataset>> current_if_ready() override;
  std::string_view description() const override { return spec_.pattern; }
  std::string_view kind() const override { return kind_name(spec_.kind); }
  boost::json::object details() const override;
  /// Its files were read to be converted; the conversion has a checksum.
  bool is_checked_by_itself() const override { return true; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Failure {
    FileList list;
    Error error;
    Clock::time_point at;
  };
  struct State {
    FileList list;  // what `dataset` was made of
    std::shared_ptr<const Dataset> dataset;
    std::shared_ptr<const CachedConversion> cached;  // keeps it from being evicted
    std::optional<Failure> failure;                  // the last conversion's
    std::shared_ptr<ConversionProgress> running;     // null: none is under way
  };
  Result<FileList> list() const;
  /// What is known of `list` without waiting; `not_ready` after a conversion has been asked for.
  Result<std::shared_ptr<const Dataset>> look(const FileList& list);
  static std::optional<Result<std::shared_ptr<const Dataset>>> known(const State& state,
                                                                     const FileList& list);
  void run(const StopToken& stop, ConversionProgress& progress);
  Result<void> import(const FileList& list, const StopToken& stop, ConversionProgress& progress);
  Error not_ready(const ConversionProgress& progress) const;

  const ImportSpec spec_;
  Importer* const importer_;
  Guarded<State> state_;
};

}  // namespace bowshot
