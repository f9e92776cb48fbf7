#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "source/dataset.hpp"

namespace bowshot {

/// Where the versions of one dataset come from: files that may change, or what was published. Safe
/// from any thread.
class DatasetSource {
 public:
  virtual ~DatasetSource() = default;
  /// The current version, opened anew where what it stands for has changed. `bad_data` when what is
  /// there now cannot be opened, `not_ready` while it is still being made.
  virtual Result<std::shared_ptr<const Dataset>> current() = 0;
  /// The same without waiting for what is still being made.
  virtual Result<std::shared_ptr<const Dataset>> current_if_ready() { return current(); }
  /// How to name it in an error at the start: as the user wrote it.
  virtual std::string_view description() const = 0;
  /// As `source.kind` of the dataset's JSON: `parquet`, ...
  virtual std::string_view kind() const = 0;
  /// What else `source` in the dataset's JSON says: how its files were read, their number.
  virtual boost::json::object details() const { return {}; }
  /// Whether what current() gives was read whole and is sound, without a check of its pages.
  virtual bool is_checked_by_itself() const { return false; }
};

}  // namespace bowshot
