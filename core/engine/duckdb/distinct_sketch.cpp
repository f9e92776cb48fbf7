#include "engine/duckdb/distinct_sketch.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace bowshot {
namespace {

constexpr int kIndexBits = 13;
constexpr int kRankBits = 64 - kIndexBits;
constexpr size_t kRegisters = size_t{1} << kIndexBits;
constexpr size_t kSlotsMin = 8;

/// The two sums of Ertl's estimator: of the registers that are empty and of those that are full.
double sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double sum = x;
  double before = -1;
  for (double weight = 1; sum != before; weight *= 2) {
    x *= x;
    before = sum;
    sum += x * weight;
  }
  return sum;
}

double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double sum = 1 - x;
  double before = -1;
  for (double weight = 0.5; sum != before; weight /= 2) {
    x = std::sqrt(x);
    before = sum;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

/// Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm
/// 6: without a bias at any cardinality, where the original needs tables of corrections.
double estimate_registers(const std::vector<uint8_t>& registers) {
  std::array<double, kRankBits + 2> counts{};
  for (const uint8_t rank : registers) ++counts[rank];
  constexpr auto kCount = static_cast<double>(kRegisters);
  double sum = kCount * tau(1 - counts[kRankBits + 1] / kCount);
  for (int rank = kRankBits; rank >= 1; --rank) sum = (sum + counts[static_cast<size_t>(rank)]) / 2;
  sum += kCount * sigma(counts[0] / kCount);
  return kCount * kCount / (2 * std::numbers::ln2 * sum);
}

}  // namespace

void DistinctSketch::add(uint64_t hash) {
  if (registers_.empty())
    add_exact(hash);
  else
    add_register(hash);
}

void DistinctSketch::merge(const DistinctSketch& other) {
  for (const uint64_t hash : other.hashes_)
    if (hash != 0) add(hash);
  if (other.registers_.empty()) return;
  if (registers_.empty()) {
    registers_.assign(kRegisters, 0);
    for (const uint64_t hash : std::exchange(hashes_, {}))
      if (hash != 0) add_register(hash);
  }
  for (size_t i = 0; i < kRegisters; ++i)
    registers_[i] = std::max(registers_[i], other.registers_[i]);
}

int64_t DistinctSketch::estimate() const {
  if (registers_.empty()) return hashes_count_;
  return std::llround(estimate_registers(registers_));
}

void DistinctSketch::add_exact(uint64_t hash) {
  if (hash == 0) hash = 1;
  if (2 * static_cast<size_t>(hashes_count_) >= hashes_.size())
    rehash(std::max(kSlotsMin, 2 * hashes_.size()));
  const size_t mask = hashes_.size() - 1;
  size_t slot = hash & mask;
  for (; hashes_[slot] != 0; slot = (slot + 1) & mask)
    if (hashes_[slot] == hash) return;
  hashes_[slot] = hash;
  if (++hashes_count_ <= kExactMax) return;
  registers_.assign(kRegisters, 0);
  for (const uint64_t known : std::exchange(hashes_, {}))
    if (known != 0) add_register(known);
}

void DistinctSketch::add_register(uint64_t hash) {
  uint8_t& highest = registers_[hash & (kRegisters - 1)];
  const int rank = kRankBits - static_cast<int>(std::bit_width(hash >> kIndexBits)) + 1;
  highest = std::max(highest, static_cast<uint8_t>(rank));
}

void DistinctSketch::rehash(size_t slots) {
  const std::vector<uint64_t> known = std::exchange(hashes_, std::vector<uint64_t>(slots, 0));
  for (const uint64_t hash : known) {
    if (hash == 0) continue;
    size_t slot = hash & (slots - 1);
    while (hashes_[slot] != 0) slot = (slot + 1) & (slots - 1);
    hashes_[slot] = hash;
  }
}

}  // namespace bowshot
