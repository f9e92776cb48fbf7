#pragma once

#include <memory>
#include <string>
#include <utility>

#include "source/dataset_source.hpp"

namespace bowshot {

/// A source one version of which was found broken: whoever asks for that one is told why, and what
/// takes its place is served. Safe from any thread.
class RefusedVersion : public DatasetSource {
 public:
  RefusedVersion(std::shared_ptr<DatasetSource> source, std::string version, Error problem)
      : source_(std::move(source)), version_(std::move(version)), problem_(std::move(problem)) {}
  Result<std::shared_ptr<const Dataset>> current() override { return check(source_->current()); }
  Result<std::shared_ptr<const Dataset>> current_if_ready() override {
    return check(source_->current_if_ready());
  }
  std::string_view description() const override { return source_->description(); }
  std::string_view kind() const override { return source_->kind(); }
  boost::json::object details() const override { return source_->details(); }

 private:
  Result<std::shared_ptr<const Dataset>> check(Result<std::shared_ptr<const Dataset>> dataset) {
    if (dataset && (*dataset)->version() == version_) return std::unexpected(problem_);
    return dataset;
  }

  const std::shared_ptr<DatasetSource> source_;  // shared with the catalog before
  const std::string version_;
  const Error problem_;
};

}  // namespace bowshot
