#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bowshot {

/// How many different 64-bit hashes were added: exact up to kExactMax of them, then a HyperLogLog
/// of 8,192 registers, whose standard error is 1.2 %. One thread at a time; sketches of parts of
/// the rows merge to that of all rows.
///
///     DistinctSketch sketch;
///     for (const uint64_t hash : hashes) sketch.add(hash);
///     sketch.estimate();
class DistinctSketch {
 public:
  static constexpr int64_t kExactMax = 1'024;

  void add(uint64_t hash);
  void merge(const DistinctSketch& other);
  int64_t estimate() const;

 private:
  void add_exact(uint64_t hash);
  void add_register(uint64_t hash);
  void rehash(size_t slots);

  std::vector<uint64_t>
      hashes_;  // an open table, 0 is an empty slot; none once there are registers
  int64_t hashes_count_ = 0;
  std::vector<uint8_t> registers_;
};

}  // namespace bowshot
