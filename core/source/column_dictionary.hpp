#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "source/dataset.hpp"

namespace bowshot {

/// The whole dictionary of a dictionary<utf8> column, with its inverse. Every batch of an answer
/// shares its `values()`. Immutable; safe from any thread.
///   auto dictionary = *dataset.column_dictionary(2); auto codes = dictionary->encode(texts);
class ColumnDictionary {
 public:
  /// Reads column `column` of every file, in order.
  static Result<std::shared_ptr<const ColumnDictionary>> make(const std::vector<DatasetFile>& files,
                                                              int column);
  explicit ColumnDictionary(const std::shared_ptr<arrow::StringArray>& values);

  const std::shared_ptr<arrow::Array>& values() const { return values_; }
  /// `array` (utf8, or a dictionary of it with any index type) as dictionary(int32, utf8) over
  /// values(); null slots have code 0. `bad_data` for a value that values() lacks.
  Result<std::shared_ptr<arrow::Array>> encode(const std::shared_ptr<arrow::Array>& array) const;

 private:
  std::shared_ptr<arrow::Array> values_;
  std::unordered_map<std::string_view, int32_t> codes_;  // views into values_
};

}  // namespace bowshot
