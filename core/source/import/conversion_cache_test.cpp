#include "source/import/conversion_cache.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "source/dataset.hpp"
#include "source/test_files.hpp"

namespace bowshot {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kNoLimit = INT64_MAX;

class ConversionCacheTest : public testing::Test {
 protected:
  ConversionSource source(const std::string& name, const std::string& text) {
    write_bytes(folder_ / name, text);
    return listed(name);
  }
  ConversionSource listed(const std::string& name) const {
    return {.files = list_files(folder_ / name).value(), .table = {}, .options = {}};
  }
  ConversionCache cache(int64_t bytes_max = kNoLimit) const {
    return ConversionCache(folder_ / "cache", bytes_max);
  }
  /// The rows that were converted to answer; 0: it was there.
  int64_t rows_converted(const ConversionSource& wanted) {
    ConversionProgress progress;
    const auto cached = cache().obtain(wanted, {}, progress);
    EXPECT_TRUE(cached) << cached.error().detail;
    if (cached) {
      const auto dataset = Dataset::make("x", {(*cached)->path});
      EXPECT_TRUE(dataset) << dataset.error().detail;
    }
    return progress.rows;
  }
  std::string path_of(const ConversionSource& wanted) {
    ConversionProgress progress;
    return cache().obtain(wanted, {}, progress).value()->path;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    if (fs::exists(folder_ / "cache"))
      for (const auto& entry : fs::directory_iterator(folder_ / "cache"))
        names.push_back(entry.path().filename().string());
    return names;
  }
  /// Says when an entry was last used, in seconds before now.
  static void set_used(const std::string& data_path, int seconds_ago) {
    const fs::path description = fs::path(data_path).replace_extension(".json");
    fs::last_write_time(description,
                        fs::file_time_type::clock::now() - std::chrono::seconds(seconds_ago));
  }

  const TemporaryFolder folder_;
};

TEST_F(ConversionCacheTest, WhatIsThereIsNotConvertedAgain) {
  const auto wanted = source("x.csv", "a,b\n1,2\n3,4\n");
  EXPECT_EQ(rows_converted(wanted), 2);
  EXPECT_EQ(rows_converted(wanted), 0);
  auto other = wanted;
  other.options.types = {{"a", "utf8"}};
  EXPECT_EQ(rows_converted(other), 2);
  EXPECT_EQ(rows_converted(wanted), 0);
  EXPECT_EQ(rows_converted(source("x.csv", "a,b\n1,2\n3,4\n5,6\n")), 3);  // another stamp
}

TEST_F(ConversionCacheTest, WhatDoesNotFitItsChecksumIsMadeAgain) {
  const auto wanted = source("x.csv", "a,b\n1,2\n3,4\n");
  const std::string path = path_of(wanted);
  const std::string whole = read_bytes(path);
  for (const size_t position : {size_t{0}, whole.size() / 2, whole.size() - 1}) {
    std::string flipped = whole;
    flipped[position] ^= 1;
    write_bytes(path, flipped);
    EXPECT_EQ(rows_converted(wanted), 2) << position;
    EXPECT_EQ(read_bytes(path), whole);
  }
  write_bytes(path, whole.substr(0, whole.size() - 1));
  EXPECT_EQ(rows_converted(wanted), 2);
  fs::remove(path);
  EXPECT_EQ(rows_converted(wanted), 2);
  const std::string description = fs::path(path).replace_extension(".json").string();
  for (const std::string& text : {std::string(), read_bytes(description).substr(0, 40),
                                  std::string("[]"), std::string("{\"source\":1}")}) {
    write_bytes(description, text);
    EXPECT_EQ(rows_converted(wanted), 2) << text;
  }
  EXPECT_EQ(rows_converted(wanted), 0);
}

TEST_F(ConversionCacheTest, TheLeastRecentlyUsedGoFirstAndNothingInUse) {
  const auto a = source("a.csv", "x,y\n1,2\n");
  const auto b = source("b.csv", "x,y\n1,3\n");
  const auto c = source("c.csv", "x,y\n1,4\n");
  const std::string a_path = path_of(a);
  const std::string b_path = path_of(b);
  const std::string c_path = path_of(c);
  const auto two =
      static_cast<int64_t>(fs::file_size(a_path) + fs::file_size(b_path) + fs::file_size(c_path)) -
      1;
  set_used(a_path, 10);
  set_used(b_path, 30);
  set_used(c_path, 20);
  cache(kNoLimit).evict();
  EXPECT_TRUE(fs::exists(b_path));
  cache(two).evict();
  EXPECT_FALSE(fs::exists(b_path));
  EXPECT_TRUE(fs::exists(a_path));
  EXPECT_TRUE(fs::exists(c_path));

  ConversionProgress progress;
  const auto used = cache().obtain(c, {}, progress).value();
  set_used(c_path, 20);
  cache(1).evict();
  EXPECT_FALSE(fs::exists(a_path));
  EXPECT_TRUE(fs::exists(c_path));  // in use, be the limit what it is
  EXPECT_EQ(files().size(), 3);     // its data, description and lock
}

TEST_F(ConversionCacheTest, WhatAKilledProcessLeftIsRemovedAndNothingElse) {
  const std::string path = path_of(source("x.csv", "a,b\n1,2\n"));
  const std::string other = fs::path(path).parent_path().string();
  write_bytes(other + "/convert-0123.parquet.tmp", "half");
  write_bytes(other + "/convert-4567.parquet", "whole, but nobody has said so");
  write_bytes(other + "/of-another-program.parquet", "x");
  cache().evict();
  EXPECT_FALSE(fs::exists(other + "/convert-0123.parquet.tmp"));
  EXPECT_FALSE(fs::exists(other + "/convert-4567.parquet"));
  EXPECT_TRUE(fs::exists(other + "/of-another-program.parquet"));
  EXPECT_TRUE(fs::exists(path));
}

TEST_F(ConversionCacheTest, OneOfManyConverts) {
  std::string text = "a,b\n";
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + ",x\n";
  const auto wanted = source("x.csv", text);
  std::atomic<int64_t> rows = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { rows += rows_converted(wanted); });
  }
  EXPECT_EQ(rows, 50'000);
}

TEST_F(ConversionCacheTest, WhatFailsLeavesNothing) {
  const auto ragged = source("x.csv", "a,b\n1,2\n3\n");
  ConversionProgress progress;
  const auto failed = cache().obtain(ragged, {}, progress);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kBadData);
  EXPECT_EQ(files(), std::vector<std::string>());

  StopSource stop;
  stop.request_stop(StopReason::kShutdown);
  const auto stopped = cache().obtain(source("y.csv", "a,b\n1,2\n"), stop.token(), progress);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(files(), std::vector<std::string>());
}

TEST_F(ConversionCacheTest, ASourceThatChangesMeanwhileIsNoEntry) {
  std::string text = "a,b\n";
  for (int i = 0; i < 200'000; ++i) text += "1,2\n";
  const auto wanted = source("x.csv", text);
  ConversionProgress progress;
  progress.on_rows = [&] {  // while the first rows are behind
    if (fs::file_size(folder_ / "x.csv") == text.size())
      std::ofstream(folder_ / "x.csv", std::ios::app) << "ragged\n";
  };
  const auto changed = cache().obtain(wanted, {}, progress);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::kVersionChanged);  // not: a ragged row
  EXPECT_EQ(files(), std::vector<std::string>());
  EXPECT_FALSE(cache().obtain(wanted, {}, progress));  // as it was listed, it is no more
}

TEST_F(ConversionCacheTest, LocksAreSharedOrExclusiveAndOfTheFileThatLies) {
  using Kind = FileLock::Kind;
  const std::string path = folder_ / "x.lock";
  auto one = FileLock::try_lock(path, Kind::kShared).value();
  auto two = FileLock::try_lock(path, Kind::kShared).value();
  EXPECT_TRUE(one.is_held() && two.is_held());
  EXPECT_FALSE(FileLock::try_lock(path, Kind::kExclusive)->is_held());
  one = FileLock();
  EXPECT_FALSE(FileLock::try_lock(path, Kind::kExclusive)->is_held());
  two = FileLock();
  const auto writer = FileLock::try_lock(path, Kind::kExclusive).value();
  EXPECT_TRUE(writer.is_held());
  EXPECT_FALSE(FileLock::try_lock(path, Kind::kShared)->is_held());
  fs::remove(path);  // evicted: whoever comes now has another file, and another lock
  EXPECT_TRUE(FileLock::try_lock(path, Kind::kExclusive)->is_held());
  EXPECT_FALSE(FileLock::try_lock(folder_ / "gone/x.lock", Kind::kShared));
}

TEST(CheckedOutput, IsWholeOrNotThere) {
  const TemporaryFolder folder;
  const std::string path = folder / "x";
  const std::string text(3'000'000, 'x');
  uint64_t kept = 0;
  {
    const auto output = CheckedOutput::make(path).value();
    ASSERT_TRUE(output->Write("forgotten", 9).ok());
    ASSERT_TRUE(output->restart());
    for (size_t at = 0; at < text.size(); at += 700'001) {  // pieces that are no blocks
      const std::string piece = text.substr(at, 700'001);
      ASSERT_TRUE(output->Write(piece.data(), static_cast<int64_t>(piece.size())).ok());
    }
    EXPECT_FALSE(fs::exists(path));
    kept = output->keep().value();
  }
  EXPECT_EQ(read_bytes(path), text);
  const auto sum = [&] {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const uint64_t checksum = file_checksum(descriptor).value();
    ::close(descriptor);
    return checksum;
  };
  EXPECT_EQ(sum(), kept);
  write_bytes(path, text + "x");
  EXPECT_NE(sum(), kept);
  write_bytes(path, text.substr(1) + "y");
  EXPECT_NE(sum(), kept);
  {
    const auto dropped = CheckedOutput::make(folder / "y").value();
  }
  EXPECT_FALSE(fs::exists(folder / "y"));
  EXPECT_FALSE(fs::exists(folder / "y.tmp"));
}

}  // namespace
}  // namespace bowshot
