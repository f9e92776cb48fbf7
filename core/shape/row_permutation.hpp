#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bowshot {

/// The keyed permutation that samples are in the order of: a Feistel network of four rounds over
/// the halves of 64 bits. Written out, with vectors, in protocol/sample.md.
class RowPermutation {
 public:
  explicit RowPermutation(uint64_t seed) {
    for (std::size_t i = 0; i < keys_.size(); i += 2) {
      seed += 0x9E37'79B9'7F4A'7C15;  // SplitMix64 (Steele, Lea, Flood 2014)
      uint64_t word = seed;
      word = (word ^ (word >> 30)) * 0xBF58'476D'1CE4'E5B9;
      word = (word ^ (word >> 27)) * 0x94D0'49BB'1331'11EB;
      word ^= word >> 31;
      keys_[i] = static_cast<uint32_t>(word >> 32);
      keys_[i + 1] = static_cast<uint32_t>(word);
    }
  }

  /// The high half of the place of the row with these halves, for a round less than the whole.
  uint32_t high_half(uint32_t left, uint32_t right) const {
    for (std::size_t i = 0; i + 1 < keys_.size(); ++i) {
      const uint32_t next = left ^ mix(right ^ keys_[i]);
      left = right;
      right = next;
    }
    return right;
  }

  /// Where `row` comes in the order: a bijection of the 64-bit numbers.
  uint64_t operator()(uint64_t row) const {
    auto left = static_cast<uint32_t>(row >> 32);
    auto right = static_cast<uint32_t>(row);
    for (const uint32_t key : keys_) {
      const uint32_t next = left ^ mix(right ^ key);
      left = right;
      right = next;
    }
    return (uint64_t{left} << 32) | right;
  }

 private:
  /// `lowbias32` of Chris Wellons' hash-prospector.
  static uint32_t mix(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7FEB'352D;
    x ^= x >> 15;
    x *= 0x846C'A68B;
    return x ^ (x >> 16);
  }

  std::array<uint32_t, 4> keys_;
};

}  // namespace bowshot
