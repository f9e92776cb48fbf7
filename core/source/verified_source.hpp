#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/guarded.hpp"
#include "source/dataset_source.hpp"
#include "source/work_thread.hpp"

namespace bowshot {

/// A source no version of which is served before each of its pages was read and fits its checksum.
/// A version is checked once, of its files those that were not checked as part of the version
/// before; one that is broken is refused until another takes its place. Safe from any thread.
class VerifiedSource : public DatasetSource, public std::enable_shared_from_this<VerifiedSource> {
 public:
  /// `worker`, which checks versions that come later, outlives this.
  VerifiedSource(std::shared_ptr<DatasetSource> source, WorkThread* worker)
      : source_(std::move(source)), worker_(worker) {}

  /// Checks the version that is there now, if there is one, in the thread of the caller.
  void check_now();

  /// A version that is not checked yet is waited for, for some seconds; then it is `not_ready`.
  Result<std::shared_ptr<const Dataset>> current() override;
  Result<std::shared_ptr<const Dataset>> current_if_ready() override;
  std::string_view description() const override { return source_->description(); }
  std::string_view kind() const override { return source_->kind(); }
  boost::json::object details() const override { return source_->details(); }

 private:
  struct State {
    std::shared_ptr<const Dataset> sound;  // the last version that was checked and is whole
    std::string broken_version;
    std::optional<Error> problem;  // of the broken version
    bool is_checking = false;
  };
  using Answer = Result<std::shared_ptr<const Dataset>>;
  static std::optional<Answer> known(const State& state, const Dataset& dataset);
  /// What is known of `dataset`; else it is being checked from here on.
  Answer look(const std::shared_ptr<const Dataset>& dataset);
  void check(const std::shared_ptr<const Dataset>& dataset, const StopToken& stop);

  const std::shared_ptr<DatasetSource> source_;  // shared with who made it
  WorkThread* const worker_;
  Guarded<State> state_;
};

}  // namespace bowshot
