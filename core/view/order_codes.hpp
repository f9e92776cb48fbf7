#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "query/plan.hpp"

namespace bowshot {

/// A key's values as unsigned words in their order: nulls last, NaN the greatest, -0.0 as 0.0.
/// Texts are numbered as they come and ranked at the end, for as long as they are few.
class KeyCodes {
 public:
  /// Whether there are codes for values of the type.
  static bool takes(const arrow::DataType& type);

  KeyCodes(bool descending, int64_t rows) : descending_(descending) {
    codes_.reserve(static_cast<size_t>(rows));
  }
  /// false: some value has no code, or there are too many texts; the codes are of no use then.
  Result<bool> append(const arrow::Array& values);
  /// false: as above. Nothing is appended afterwards.
  bool finish();

  /// What is equal for every row is taken off: a code has bits() bits, a null the greatest.
  int bits() const;
  uint64_t code(size_t row) const;
  std::vector<uint64_t>& words() { return codes_; }

 private:
  template <class Array, class Code>
  void append_codes(const arrow::Array& values, const Code& code);
  Result<bool> append_texts(const arrow::Array& values);
  Result<bool> append_decimals(const arrow::Array& values);
  void add(uint64_t code);
  void rank_texts();

  bool descending_;
  bool has_nulls_ = false;
  bool has_max_ = false;  // a value whose code is that of a null
  uint64_t least_ = UINT64_MAX;
  uint64_t greatest_ = 0;
  std::vector<uint64_t> codes_;
  // Texts: their numbers, and bytes in all. Nodes stay where they are.
  std::unordered_map<std::string, uint32_t> numbers_;
  int64_t text_bytes_ = 0;
};

/// The codes of an order: of as few words a row as hold the bits of all of its keys.
class OrderCodes {
 public:
  OrderCodes(const std::vector<OrderItem>& order, int64_t rows);

  /// `keys`: the order's values, a column each. As KeyCodes::append().
  Result<bool> append(const arrow::RecordBatch& keys);
  /// words[0][row] decides, then words[1][row] and so on. None: as KeyCodes::finish().
  std::vector<std::vector<uint64_t>> finish();

 private:
  /// Returns how many words a row has.
  size_t pack();

  std::vector<KeyCodes> keys_;
};

}  // namespace bowshot
