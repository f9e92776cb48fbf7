#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "shape/row_permutation.hpp"
#include "shape/sample_groups.hpp"

namespace bowshot {
namespace {

struct Place {
  uint64_t seed;
  uint64_t row;
  uint64_t key;
};

/// Some lines of protocol/vectors/sample.json; tests/test_shapes.py asks a server the others.
TEST(RowPermutation, HasThePlacesOfTheProtocol) {
  for (const auto& [seed, row, key] :
       {Place{0U, 0U, 18306255930428301407U}, Place{0U, 1U, 15653525823656898354U},
        Place{0U, 1000U, 17431030654891106579U}, Place{0U, 4294967295U, 9053820928000281980U},
        Place{0U, 4294967296U, 5238800746012616827U},
        Place{0U, 9223372036854775807U, 17841833174245001288U},
        Place{1U, 1U, 12307668954364792885U}, Place{42U, 2U, 3799656602808099482U},
        Place{42U, 9223372036854775807U, 14559725051464352651U},
        Place{4294967296U, 9223372036854775807U, 4398817533747664002U},
        Place{9007199254740993U, 9223372036854775807U, 3195983218642286824U},
        Place{18446744073709551615U, 9223372036854775807U, 17715881868201842514U}})
    EXPECT_EQ(RowPermutation(seed)(row), key) << seed << ' ' << row;
}

TEST(RowPermutation, KnowsTheHighHalfAlone) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 10'000; ++i) {
    const RowPermutation permutation(random());
    const uint64_t row = random() >> (i % 64);
    const auto high =
        permutation.high_half(static_cast<uint32_t>(row >> 32), static_cast<uint32_t>(row));
    EXPECT_EQ(high, permutation(row) >> 32) << row;
  }
}

TEST(RowPermutation, NoTwoRowsHaveOnePlace) {
  const RowPermutation permutation(7);
  std::set<uint64_t> places;
  for (uint64_t row = 0; row < 100'000; ++row) places.insert(permutation(row));
  for (uint64_t row = 1; row < 1'000; ++row) places.insert(permutation(row << 32));
  EXPECT_EQ(places.size(), 100'999U);
}

TEST(LeastKeys, KeepsTheLeast) {
  std::mt19937_64 random(5);
  for (const int64_t size : {0, 1, 2, 17, 1'000, 5'000}) {
    std::vector<KeyedRow> rows;
    LeastKeys least(size);
    for (int64_t i = 0; i < 3'000; ++i) {
      rows.push_back({random(), i});
      least.add(rows.back());
    }
    std::ranges::sort(rows, {}, &KeyedRow::key);
    const auto taken = std::move(least).take();
    ASSERT_EQ(std::ssize(taken), std::min<int64_t>(size, 3'000));
    for (size_t i = 0; i < taken.size(); ++i) EXPECT_EQ(taken[i].row, rows[i].row);
  }
}

/// What is left of all rows when each is looked at.
std::vector<KeyedRow> least_one_by_one(uint64_t seed, int64_t rows, int64_t size) {
  const RowPermutation permutation(seed);
  LeastKeys least(size);
  for (int64_t row = 0; row < rows; ++row)
    least.add({permutation(static_cast<uint64_t>(row)), row});
  return std::move(least).take();
}

void expect_least(int64_t rows, int64_t size) {
  const auto wanted = least_one_by_one(3, rows, size);
  const auto found = least_of_all(3, rows, size, StopToken());
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), wanted.size()) << rows << ' ' << size;
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ((*found)[i].row, wanted[i].row);
}

TEST(LeastOfAll, IsTheSameByManyThreads) {
  expect_least(20'000'000, 50);  // several threads' worth, and no whole number of blocks
}

TEST(LeastOfAll, IsTheSameBesideTheEdgesOfBlocks) {
  for (const int64_t rows : {0, 1, 63, 64, 65, 4'095, 4'096, 4'097, 8'200})
    for (const int64_t size : {0, 1, 64, 4'096, 10'000}) expect_least(rows, size);
}

TEST(LeastOfAll, Stops) {
  StopSource stop;
  stop.request_stop(StopReason::kClientLeft);
  const auto found = least_of_all(0, int64_t{1} << 40, 10, stop.token());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kCancelled);
}

/// One row for each group in turn, as protocol/sample.md says it.
std::vector<int64_t> in_turn(const std::vector<int64_t>& groups, int64_t size) {
  std::vector<int64_t> shares(groups.size(), 0);
  for (bool is_taken = true; is_taken;) {
    is_taken = false;
    for (size_t i = 0; i < groups.size(); ++i) {
      if (size == 0 || shares[i] == groups[i]) continue;
      ++shares[i];
      --size;
      is_taken = true;
    }
  }
  return shares;
}

TEST(EqualShares, AreThoseOfTakingInTurn) {
  std::mt19937 random(11);
  for (int i = 0; i < 2'000; ++i) {
    std::vector<int64_t> groups(random() % 8);
    for (int64_t& rows : groups)
      rows = static_cast<int64_t>(1 + random() % (random() % 3 == 0 ? 100 : 5));
    const auto size = static_cast<int64_t>(random() % 120);
    EXPECT_EQ(equal_shares(groups, size), in_turn(groups, size)) << size;
  }
}

TEST(EqualShares, OfGreatGroups) {
  const int64_t many = int64_t{1} << 60;
  EXPECT_EQ(equal_shares({many, 2, many}, 9), (std::vector<int64_t>{4, 2, 3}));
}

}  // namespace
}  // namespace bowshot
