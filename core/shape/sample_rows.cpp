#include "shape/sample_rows.hpp"

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <thread>

#include "shape/row_permutation.hpp"
#include "shape/sample_groups.hpp"

namespace bowshot {

namespace {

/// How many rows are worth a thread of their own.
constexpr int64_t kThreadRowsMin = 1 << 22;

struct RowRange {
  int64_t begin = 0;
  int64_t end = 0;
};

constexpr size_t kGroupRows = 64;
constexpr size_t kBlockGroups = 64;
constexpr int64_t kBlockRows = kGroupRows * kBlockGroups;

/// The high halves of the places of neighbouring rows, and the least of each group of them.
struct HighHalves {
  std::array<uint32_t, kBlockRows> of_row;
  std::array<uint32_t, kBlockGroups> least;
};

// Sanitizers are not ready yet when the choice between clones is made.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define BOWSHOT_CLONES
#else
#define BOWSHOT_CLONES [[gnu::target_clones("avx2", "default")]]
#endif

/// Of the block of rows that begins at `begin`, a multiple of kBlockRows. Nearly all rows of a
/// large table are turned away by these alone, so this is what a sample takes its time for: without
/// branches, in 32 bits and of a length that is known, so that compilers make it loops over
/// vectors.
BOWSHOT_CLONES void make_high_halves(const RowPermutation& permutation, uint64_t begin,
                                     HighHalves& halves) {
  const RowPermutation local = permutation;  // which the block cannot be part of
  const auto left = static_cast<uint32_t>(begin >> 32);
  const auto right = static_cast<uint32_t>(begin);
  for (uint32_t i = 0; i < kBlockRows; ++i) halves.of_row[i] = local.high_half(left, right + i);
  for (size_t group = 0; group < kBlockGroups; ++group) {
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < kGroupRows; ++i)
      least = std::min(least, halves.of_row[group * kGroupRows + i]);
    halves.least[group] = least;
  }
}

/// `range` begins at a multiple of kBlockRows.
void add_range(const RowPermutation& permutation, RowRange range, const StopToken& stop,
               LeastKeys& least) {
  HighHalves halves;
  for (int64_t begin = range.begin; begin < range.end; begin += kBlockRows) {
    if (stop.stop_requested()) return;  // the caller looks too
    make_high_halves(permutation, static_cast<uint64_t>(begin), halves);
    const auto rows = static_cast<size_t>(std::min(kBlockRows, range.end - begin));
    for (size_t first = 0; first < rows; first += kGroupRows) {
      if (halves.least[first / kGroupRows] > least.key_max() >> 32) continue;
      for (size_t i = first; i < std::min(first + kGroupRows, rows); ++i) {
        if (halves.of_row[i] > least.key_max() >> 32) continue;
        const int64_t row = begin + static_cast<int64_t>(i);
        least.add({permutation(static_cast<uint64_t>(row)), row});
      }
    }
  }
}

Result<SampledRows> choose_filtered(const SubPlans& sub_plans, const SamplePart& part) {
  Plan plan = sub_plans.make(Plan::Kind::kRows);
  add_select(plan, row_number_expression());
  BOWSHOT_ASSIGN(const auto stream, sub_plans.start(std::move(plan)));
  const RowPermutation permutation(part.seed);
  LeastKeys least(std::min(part.size, sub_plans.plan().dataset->rows()));
  SampledRows chosen;
  for (;;) {
    BOWSHOT_ASSIGN(const auto batch, stream->next());
    if (!batch) break;
    const auto& rows = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (int64_t i = 0; i < rows.length(); ++i)
      least.add({permutation(static_cast<uint64_t>(rows.Value(i))), rows.Value(i)});
    chosen.population += rows.length();
  }
  chosen.rows = std::move(least).take();
  return chosen;
}

}  // namespace

Result<std::vector<KeyedRow>> least_of_all(uint64_t seed, int64_t rows, int64_t size,
                                           const StopToken& stop) {
  const RowPermutation permutation(seed);
  const int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  const int64_t threads = std::clamp<int64_t>(rows / kThreadRowsMin, 1, cores);
  std::vector<LeastKeys> parts(static_cast<size_t>(threads), LeastKeys(std::min(size, rows)));
  {
    const int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
    const int64_t share = (blocks + threads - 1) / threads * kBlockRows;
    std::vector<std::jthread> workers;  // joined first at the end of this block: they use the rest
    for (int64_t i = 1; i < threads; ++i)
      workers.emplace_back([&, i] {
        add_range(permutation, {i * share, std::min(rows, (i + 1) * share)}, stop,
                  parts[static_cast<size_t>(i)]);
      });
    add_range(permutation, {0, std::min(rows, share)}, stop, parts[0]);
  }
  if (stop.stop_requested()) return fail(stop.error());
  for (size_t i = 1; i < parts.size(); ++i)
    for (const KeyedRow& row : std::move(parts[i]).take()) parts[0].add(row);
  return std::move(parts[0]).take();
}

Result<SampledRows> choose_rows(const SubPlans& sub_plans) {
  const auto& part = std::get<SamplePart>(sub_plans.plan().derived);
  if (part.stratum) return choose_by_group(sub_plans, part);
  if (sub_plans.plan().filter) return choose_filtered(sub_plans, part);
  SampledRows chosen{.population = sub_plans.plan().dataset->rows()};
  BOWSHOT_ASSIGN(chosen.rows,
                 least_of_all(part.seed, chosen.population, part.size, sub_plans.stop()));
  return chosen;
}

}  // namespace bowshot
