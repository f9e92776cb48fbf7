#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"

namespace bowshot {

/// The dictionaries of a column's batches as one, and their codes by it. One thread at a time.
class MemoryDictionary {
 public:
  /// Codes (int32) by the values so far and those of `array` (utf8, int32 codes): the array's own
  /// where these are numbered so already.
  Result<std::shared_ptr<arrow::Array>> encode(const arrow::DictionaryArray& array);
  /// Distinct texts, none of them null.
  Result<std::shared_ptr<arrow::StringArray>> finish();

 private:
  void renumber(const std::shared_ptr<arrow::Array>& dictionary);

  std::unordered_map<std::string, int32_t> codes_;
  std::vector<const std::string*> values_;  // keys of codes_, by their codes
  std::shared_ptr<arrow::Array> last_;      // the dictionary that renumbered_ is for
  std::vector<int32_t> renumbered_;         // -1: null
  bool is_same_ = false;                    // renumbered_ changes nothing
};

}  // namespace bowshot
