#include "source/import/import_source.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "source/dataset.hpp"
#include "source/import/importer.hpp"
#include "source/test_files.hpp"

namespace bowshot {
namespace {

/// Counts what it is told.
class Told : public ConversionObserver {
 public:
  void progressed(const std::string&, const ConversionProgress&) override {}
  void ended(const std::string& dataset, const ConversionProgress& progress,
             const Error* error) override {
    EXPECT_EQ(dataset, "x");
    if (error == nullptr) rows += progress.rows;
    ++(error == nullptr ? conversions : failures);
  }
  std::atomic<int> conversions = 0;
  std::atomic<int> failures = 0;
  std::atomic<int64_t> rows = 0;
};

class ImportSourceTest : public testing::Test {
 protected:
  using Answer = Result<std::shared_ptr<const Dataset>>;

  void SetUp() override { importer_.start(); }
  void TearDown() override { importer_.stop(); }

  std::shared_ptr<ImportSource> source() {
    return std::make_shared<ImportSource>(
        ImportSpec{.name = "x", .pattern = folder_ / "x.csv", .kind = FileKind::kCsv}, &importer_);
  }
  /// Writes so that no time stamp can hide it.
  void write(const std::string& text) {
    write_bytes(folder_ / "x.csv", text);
    std::filesystem::last_write_time(
        folder_ / "x.csv", std::filesystem::file_time_type() + std::chrono::hours(++writes_));
  }
  /// The answer once what was asked for has been converted.
  Answer ask(ImportSource& source) {
    auto answer = source.current();
    if (answer || answer.error().code != ErrorCode::kNotReady) return answer;
    std::promise<void> reached;  // the importer does one thing after the other
    importer_.submit([&](const StopToken&) { reached.set_value(); });
    EXPECT_EQ(reached.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
    return source.current();
  }
  static int64_t rows_of(const Answer& answer) {
    EXPECT_TRUE(answer) << answer.error().detail;
    return answer ? (*answer)->rows() : -1;
  }

  const TemporaryFolder folder_;
  Told told_;
  Importer importer_{folder_ / "cache", INT64_MAX, &told_};
  int writes_ = 0;
};

TEST_F(ImportSourceTest, TheFirstWhoAskComeBackLater) {
  write("a\n1\n2\n");
  const auto asked = source();
  const auto first = asked->current();
  if (!first) {  // a quick thread may have done it
    EXPECT_EQ(first.error().code, ErrorCode::kNotReady);
    EXPECT_NE(first.error().detail.find("dataset x is being converted"), std::string::npos);
  }
  EXPECT_EQ(rows_of(ask(*asked)), 2);
  EXPECT_EQ(rows_of(asked->current()), 2);
  EXPECT_EQ(told_.conversions, 1);
  EXPECT_EQ(asked->kind(), "csv");
  EXPECT_EQ(asked->details().at("files").as_uint64(), 1U);
}

TEST_F(ImportSourceTest, WhatChangedIsConvertedAgainWhileWhoAsksWaits) {
  write("a\n1\n");
  const auto asked = source();
  const auto before = ask(*asked);
  EXPECT_EQ(rows_of(before), 1);
  write("a\n1\n2\n3\n");
  const auto after = asked->current();  // no "not ready" once there was a dataset
  EXPECT_EQ(rows_of(after), 3);
  EXPECT_NE((*before)->version(), (*after)->version());
  EXPECT_EQ(rows_of(before), 1);  // who had it keeps it
  EXPECT_EQ(told_.conversions, 2);
}

TEST_F(ImportSourceTest, WhatIsBrokenSaysSoUntilItIsMended) {
  write("a,b\n1,2\n3\n");
  const auto asked = source();
  const auto broken = ask(*asked);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::kBadData);
  EXPECT_NE(broken.error().detail.find("'x.csv'"), std::string::npos) << broken.error().detail;
  EXPECT_FALSE(ask(*asked));  // not tried again: the file is the same
  EXPECT_EQ(told_.failures, 1);
  write("a,b\n1,2\n3,4\n");
  EXPECT_EQ(rows_of(ask(*asked)), 2);
}

TEST_F(ImportSourceTest, AnotherProcessFindsTheConversion) {
  write("a\n1\n");
  EXPECT_EQ(rows_of(ask(*source())), 1);
  const auto other = source();
  EXPECT_EQ(rows_of(ask(*other)), 1);
  EXPECT_EQ(told_.rows, 1);  // the second converted nothing
}

TEST_F(ImportSourceTest, AFileThatIsGoneIsAnError) {
  write("a\n1\n");
  const auto asked = source();
  EXPECT_EQ(rows_of(ask(*asked)), 1);
  std::filesystem::remove(folder_ / "x.csv");
  EXPECT_FALSE(asked->current());
}

}  // namespace
}  // namespace bowshot
