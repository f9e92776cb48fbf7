#include "view/order_codes.hpp"

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/float16.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/check.hpp"

namespace bowshot {
namespace {

/// More different texts than these are left to the engine, which sorts beyond memory.
constexpr size_t kTextsMax = size_t{1} << 20;
constexpr int64_t kTextBytesMax = int64_t{32} << 20;

constexpr int kWordBits = 64;
constexpr uint64_t kNull = UINT64_MAX;
constexpr uint64_t kSign = uint64_t{1} << 63;

uint64_t code_of(int64_t value) {
  return std::bit_cast<uint64_t>(value) ^ kSign;
}

/// IEEE 754 in its total order, but for NaN, which is one, and zero. None has the code of a null.
uint64_t code_of(double value) {
  if (std::isnan(value)) return kNull - 1;
  const auto bits = std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

bool is_text(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY;
}

}  // namespace

bool KeyCodes::takes(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::DATE32:
    case arrow::Type::TIME64:
    case arrow::Type::DURATION:
    case arrow::Type::DECIMAL128:
      return true;
    case arrow::Type::TIMESTAMP: {
      // The engine sorts nanoseconds with a zone as microseconds; both ways are to agree.
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      return timestamp.unit() != arrow::TimeUnit::NANO || timestamp.timezone().empty();
    }
    default:
      return is_text(type) || arrow::is_integer(type.id());
  }
}

void KeyCodes::add(uint64_t code) {
  if (descending_) code = ~code;
  has_max_ = has_max_ || code == kNull;
  least_ = std::min(least_, code);
  greatest_ = std::max(greatest_, code);
  codes_.push_back(code);
}

template <class Array, class Code>
void KeyCodes::append_codes(const arrow::Array& values, const Code& code) {
  const auto& array = static_cast<const Array&>(values);
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsValid(i)) {
      add(code(array.Value(i)));
    } else {
      has_nulls_ = true;
      codes_.push_back(kNull);
    }
  }
}

Result<bool> KeyCodes::append(const arrow::Array& values) {
  // Narrow types stay off both ends of the codes, where a null's is.
  const auto as_signed = [](auto value) { return code_of(static_cast<int64_t>(value)); };
  const auto as_unsigned = [](uint64_t value) { return value; };
  const auto as_float = [](auto value) { return code_of(static_cast<double>(value)); };
  const auto as_half = [](uint16_t bits) {
    return code_of(static_cast<double>(arrow::util::Float16::FromBits(bits).ToFloat()));
  };
  switch (values.type_id()) {
#define BOWSHOT_CODES(TYPE, ARRAY, CODE)             \
  case arrow::Type::TYPE:                            \
    append_codes<arrow::ARRAY##Array>(values, CODE); \
    return true
    BOWSHOT_CODES(BOOL, Boolean, as_signed);
    BOWSHOT_CODES(INT8, Int8, as_signed);
    BOWSHOT_CODES(INT16, Int16, as_signed);
    BOWSHOT_CODES(INT32, Int32, as_signed);
    BOWSHOT_CODES(INT64, Int64, as_signed);
    BOWSHOT_CODES(UINT8, UInt8, as_signed);
    BOWSHOT_CODES(UINT16, UInt16, as_signed);
    BOWSHOT_CODES(UINT32, UInt32, as_signed);
    BOWSHOT_CODES(UINT64, UInt64, as_unsigned);
    BOWSHOT_CODES(HALF_FLOAT, HalfFloat, as_half);
    BOWSHOT_CODES(FLOAT, Float, as_float);
    BOWSHOT_CODES(DOUBLE, Double, as_float);
    BOWSHOT_CODES(DATE32, Date32, as_signed);
    BOWSHOT_CODES(TIME64, Time64, as_signed);
    BOWSHOT_CODES(TIMESTAMP, Timestamp, as_signed);
    BOWSHOT_CODES(DURATION, Duration, as_signed);
#undef BOWSHOT_CODES
    case arrow::Type::DECIMAL128:
      return append_decimals(values);
    default:
      BOWSHOT_CHECK(is_text(*values.type()));
      return append_texts(values);
  }
}

Result<bool> KeyCodes::append_decimals(const arrow::Array& values) {
  const auto& array = static_cast<const arrow::Decimal128Array&>(values);
  const auto value = [&](int64_t i) { return arrow::Decimal128(array.GetValue(i)); };
  for (int64_t i = 0; i < array.length(); ++i)
    if (array.IsValid(i) && !value(i).ToInteger<int64_t>().ok()) return false;
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsValid(i)) {
      add(code_of(static_cast<int64_t>(value(i).low_bits())));
    } else {
      has_nulls_ = true;
      codes_.push_back(kNull);
    }
  }
  return true;
}

/// A batch's texts are made few by Arrow; of these each is looked up.
Result<bool> KeyCodes::append_texts(const arrow::Array& values) {
  auto encoded = arrow::compute::DictionaryEncode(arrow::Datum(values.data()));
  if (!encoded.ok()) return fail(ErrorCode::kOutOfMemory, "not enough memory for an order's texts");
  const auto array = encoded->make_array();
  const auto& batch = static_cast<const arrow::DictionaryArray&>(*array);
  const auto& texts = static_cast<const arrow::BinaryArray&>(*batch.dictionary());
  std::vector<uint32_t> numbers;
  for (int64_t i = 0; i < texts.length(); ++i) {
    const auto next = static_cast<uint32_t>(numbers_.size());
    const auto [place, is_new] = numbers_.try_emplace(std::string(texts.GetView(i)), next);
    if (is_new) text_bytes_ += texts.value_length(i);
    numbers.push_back(place->second);
  }
  if (numbers_.size() > kTextsMax || text_bytes_ > kTextBytesMax) return false;
  for (int64_t i = 0; i < batch.length(); ++i) {
    const bool is_null = batch.IsNull(i);
    has_nulls_ = has_nulls_ || is_null;
    codes_.push_back(is_null ? kNull : numbers[static_cast<size_t>(batch.GetValueIndex(i))]);
  }
  return true;
}

void KeyCodes::rank_texts() {
  if (numbers_.empty()) return;
  std::vector<const std::pair<const std::string, uint32_t>*> sorted;
  for (const auto& text : numbers_) sorted.push_back(&text);
  std::ranges::sort(sorted, {}, [](const auto* text) -> const std::string& { return text->first; });
  std::vector<uint64_t> ranks(sorted.size());
  for (size_t rank = 0; rank < sorted.size(); ++rank)
    ranks[sorted[rank]->second] = descending_ ? sorted.size() - 1 - rank : rank;
  for (uint64_t& code : codes_)
    if (code != kNull) code = ranks[code];
  least_ = 0;
  greatest_ = sorted.size() - 1;
  numbers_.clear();
}

bool KeyCodes::finish() {
  rank_texts();
  return !(has_max_ && has_nulls_);
}

int KeyCodes::bits() const {
  if (least_ > greatest_) return 0;  // nothing but nulls
  return static_cast<int>(std::bit_width(greatest_ - least_ + (has_nulls_ ? 1 : 0)));
}

uint64_t KeyCodes::code(size_t row) const {
  if (least_ > greatest_) return 0;
  return codes_[row] == kNull && has_nulls_ ? greatest_ - least_ + 1 : codes_[row] - least_;
}

OrderCodes::OrderCodes(const std::vector<OrderItem>& order, int64_t rows) {
  keys_.reserve(order.size());
  for (const OrderItem& item : order) keys_.emplace_back(item.descending, rows);
}

Result<bool> OrderCodes::append(const arrow::RecordBatch& keys) {
  for (size_t key = 0; key < keys_.size(); ++key) {
    BOWSHOT_ASSIGN(const bool is_coded, keys_[key].append(*keys.column(static_cast<int>(key))));
    if (!is_coded) return false;
  }
  return true;
}

std::vector<std::vector<uint64_t>> OrderCodes::finish() {
  std::vector<std::vector<uint64_t>> words;
  for (KeyCodes& key : keys_)
    if (!key.finish()) return words;
  const size_t word_count = keys_.size() == 1 ? 1 : pack();
  for (size_t i = 0; i < word_count; ++i) words.push_back(std::move(keys_[i].words()));
  return words;
}

/// The bits of all keys in a row, the first key's first, cut into words: where the keys' codes
/// were, for a row has no more words than keys.
size_t OrderCodes::pack() {
  std::vector<int> bits;
  for (const KeyCodes& key : keys_) bits.push_back(key.bits());
  const int bits_all = std::accumulate(bits.begin(), bits.end(), 0);
  const auto word_count = static_cast<size_t>(std::max(1, (bits_all + kWordBits - 1) / kWordBits));
  std::vector<uint64_t> packed(word_count + 1);  // the last one stays empty
  for (size_t row = 0; row < keys_.front().words().size(); ++row) {
    size_t word = 0;
    int used = 0;
    packed[0] = 0;
    for (size_t key = 0; key < keys_.size(); ++key) {
      const uint64_t code = keys_[key].code(row);
      const int fitting = std::min(bits[key], kWordBits - used);
      const int rest = bits[key] - fitting;
      const uint64_t before = fitting == kWordBits ? 0 : packed[word] << fitting;
      packed[word] = fitting == 0 ? packed[word] : before | (code >> rest);
      used += fitting;
      if (used < kWordBits) continue;
      used = rest;
      packed[++word] = code & ((uint64_t{1} << rest) - 1);
    }
    for (size_t i = 0; i < word_count; ++i) keys_[i].words()[row] = packed[i];
  }
  return word_count;
}

}  // namespace bowshot
