#include "shape/equal_bins.hpp"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <limits>

namespace bowshot {
namespace {

constexpr double kMax = std::numeric_limits<double>::max();

TEST(EqualBins, EdgesAreThoseOfTheFormula) {
  const EqualBins bins(-0.3, 0.7, 7);
  for (int64_t i = 0; i < 7; ++i)
    EXPECT_EQ(bins.edge(i), -0.3 + static_cast<double>(i) * (0.7 - -0.3) / 7.0);
  EXPECT_EQ(bins.edge(7), 0.7);
}

TEST(EqualBins, TheGreatestValueIsInTheLastBin) {
  const EqualBins bins(0, 10, 4);
  EXPECT_EQ(bins.bin_of(0), 0);
  EXPECT_EQ(bins.bin_of(3), 3);
  EXPECT_EQ(bins.bin_of(4), 3);
}

TEST(EqualBins, OfOneValueHaveNoPlaces) {
  const EqualBins bins(5, 5, 3);
  EXPECT_FALSE(bins.place(nullptr));
  for (int64_t i = 0; i <= 3; ++i) EXPECT_EQ(bins.edge(i), 5);
}

TEST(EqualBins, ReachFromEndToEndOfFloat64) {
  const EqualBins bins(-kMax, kMax, 10'000);
  EXPECT_EQ(bins.edge(0), -kMax);
  EXPECT_NEAR(bins.edge(5'000) / kMax, 0, 1e-15);
  EXPECT_EQ(bins.edge(10'000), kMax);
  for (int64_t i = 0; i < 10'000; ++i) ASSERT_LT(bins.edge(i), bins.edge(i + 1));
}

std::string edges_text(const std::vector<double>& edges,
                       const std::shared_ptr<arrow::DataType>& type) {
  const auto array = make_edges(edges, type);
  if (!array) return array.error().detail;
  EXPECT_TRUE((*array)->ValidateFull().ok());
  EXPECT_TRUE((*array)->type()->Equals(type));
  std::string text;
  for (int64_t i = 0; i < (*array)->length(); ++i)
    text += (i > 0 ? "," : "") + (*array)->GetScalar(i).ValueOrDie()->ToString();
  return text;
}

TEST(MakeEdges, CutTimesDownToTheirUnit) {
  using arrow::TimeUnit;
  EXPECT_EQ(edges_text({-1, 86'400e6 * 1.5}, arrow::date32()), "1969-12-31,1970-01-02");
  EXPECT_EQ(edges_text({-0.5, 1.5}, arrow::duration(TimeUnit::MICRO)), "-1,1");
  EXPECT_EQ(edges_text({-1, 1'999}, arrow::duration(TimeUnit::MILLI)), "-1,1");
  EXPECT_EQ(edges_text({-1e6, 2.5e6}, arrow::duration(TimeUnit::SECOND)), "-1,2");
  EXPECT_EQ(edges_text({0.25, 3}, arrow::duration(TimeUnit::NANO)), "250,3000");
  EXPECT_EQ(edges_text({0.5}, arrow::float64()), "0.5");
}

TEST(MakeEdges, StayWithinTheirType) {
  EXPECT_EQ(edges_text({1e300}, arrow::duration(arrow::TimeUnit::NANO)), "9223372036854774784");
  const auto days = make_edges({-1e300, 1e300}, arrow::date32());
  ASSERT_TRUE(days);
  const auto& values = static_cast<const arrow::Date32Array&>(**days);
  EXPECT_EQ(values.Value(0), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(values.Value(1), std::numeric_limits<int32_t>::max());
}

}  // namespace
}  // namespace bowshot
