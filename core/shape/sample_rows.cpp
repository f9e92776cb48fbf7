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

constexpr int64_t kBlockRows = 4'096;
using KeyBlock = std::array<uint64_t, kBlockRows>;

// Sanitizers are not ready yet when the choice between clones is made.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define BOWSHOT_CLONES
#else
#define BOWSHOT_CLONES [[gnu::target_clones("avx2", "default")]]
#endif

/// The keys of the block's rows. Without branches and of a length that is known, so that compilers
/// make it a loop over vectors: a third of the time where the machine has AVX2.
BOWSHOT_CLONES void make_keys(const RowPermutation& permutation, int64_t begin, KeyBlock& keys) {
  const RowPermutation local = permutation;  // which the block cannot be part of
  for (size_t i = 0; i < keys.size(); ++i) keys[i] = local(static_cast<uint64_t>(begin) + i);
}

void add_range(const RowPermutation& permutation, RowRange range, const StopToken& stop,
               LeastKeys& least) {
  KeyBlock keys;
  for (int64_t begin = range.begin; begin < range.end; begin += kBlockRows) {
    if (stop.stop_requested()) return;  // the caller looks too
    make_keys(permutation, begin, keys);
    const int64_t rows = std::min(kBlockRows, range.end - begin);
    for (int64_t i = 0; i < rows; ++i) least.add({keys[static_cast<size_t>(i)], begin + i});
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
    std::vector<std::jthread> workers;  // joined at the end of this block
    const int64_t share = (rows + threads - 1) / threads;
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
