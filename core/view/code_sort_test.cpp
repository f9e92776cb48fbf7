#include "view/code_sort.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace bowshot {
namespace {

using Words = std::vector<std::vector<uint64_t>>;

std::vector<uint32_t> sorted_by_standard(const Words& words) {
  std::vector<uint32_t> positions(words.front().size());
  std::iota(positions.begin(), positions.end(), 0);
  std::ranges::stable_sort(positions, [&](uint32_t a, uint32_t b) {
    for (const auto& word : words)
      if (word[a] != word[b]) return word[a] < word[b];
    return false;
  });
  return positions;
}

void expect_sorted(const Words& words, const char* what) {
  for (const int threads : {1, 3}) {
    BuildSteps steps;
    steps.expect(2 * static_cast<int64_t>(words.front().size()));
    const auto sorted = sort_positions(words, {.threads = threads, .stop = {}, .steps = &steps});
    ASSERT_TRUE(sorted) << what;
    EXPECT_TRUE(*sorted == sorted_by_standard(words)) << what << " on threads: " << threads;
    EXPECT_EQ(steps.share(), words.front().empty() ? 0 : 1) << what;
  }
}

/// So many that there are several buckets, and a part of one.
constexpr size_t kRows = 300'007;

std::vector<uint64_t> make_word(uint64_t seed, uint64_t different, size_t rows = kRows) {
  std::mt19937_64 source(seed);
  std::vector<uint64_t> word(rows);
  for (uint64_t& code : word) code = different == 0 ? source() : source() % different;
  return word;
}

TEST(CodeSort, SortsAnything) {
  expect_sorted({{}}, "no rows");
  expect_sorted({{7}}, "one row");
  expect_sorted({{UINT64_MAX, 0, UINT64_MAX, 1}}, "the extremes");
  expect_sorted({make_word(1, 0)}, "all different");
  expect_sorted({make_word(2, 2)}, "two values");
  expect_sorted({make_word(3, 1)}, "one value");
  expect_sorted({make_word(4, 5'000)}, "many equals");
  std::vector<uint64_t> skewed = make_word(5, 0);
  for (uint64_t& code : skewed) code = code % 10 < 7 ? UINT64_MAX : code;
  expect_sorted({skewed}, "mostly the greatest");
  std::ranges::sort(skewed);
  expect_sorted({skewed}, "sorted already");
  std::ranges::reverse(skewed);
  expect_sorted({skewed}, "sorted backward");
}

TEST(CodeSort, LaterWordsDecideBetweenEquals) {
  expect_sorted({make_word(1, 3), make_word(2, 0)}, "few, then different");
  expect_sorted({make_word(1, 1), make_word(2, 2), make_word(3, 7)}, "few everywhere");
  expect_sorted({make_word(1, 0), make_word(2, 0)}, "different, then different");
}

TEST(CodeSort, Stops) {
  StopSource stop;
  stop.request_stop(StopReason::kClientLeft);
  const Words words = {make_word(1, 0)};
  const auto sorted = sort_positions(words, {.threads = 2, .stop = stop.token()});
  ASSERT_FALSE(sorted);
  EXPECT_EQ(sorted.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace bowshot
