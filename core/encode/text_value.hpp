#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"

namespace bowshot {

/// Where a value's text goes: the two text formats spell some types differently.
enum class TextStyle { kJson, kCsv };

/// Writes the cells of one array as text. Made for each batch; refers to the array, which its maker
/// keeps alive. The table of spellings is in encode/README.md.
class CellWriter {
 public:
  virtual ~CellWriter() = default;
  /// The text of row `row`, appended to `out`. A null is `null` in JSON, nothing in CSV.
  virtual void append(int64_t row, std::string& out) const = 0;
};

/// `internal` for a type that is not of the protocol.
Result<std::unique_ptr<CellWriter>> make_cell_writer(const arrow::Array& array, TextStyle style);

}  // namespace bowshot
