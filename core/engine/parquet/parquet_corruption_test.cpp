#include <arrow/api.h>
#include <gtest/gtest.h>
#include <parquet/metadata.h>

#include <functional>
#include <random>

#include "engine/parquet/page_map.hpp"
#include "engine/parquet/parquet_engine.hpp"
#include "engine/parquet/window_test_data.hpp"
#include "source/test_files.hpp"

namespace bowshot {
namespace {

/// Every batch of a window as one table, or the error it ends with.
Result<std::shared_ptr<arrow::Table>> read(const std::shared_ptr<const Plan>& plan) {
  const auto engine = ParquetEngine::make();
  BOWSHOT_ASSIGN(const auto stream, engine->run(plan, StopToken()));
  arrow::RecordBatchVector batches;
  for (;;) {
    BOWSHOT_ASSIGN(const auto batch, stream->next());
    if (!batch) return *arrow::Table::FromRecordBatches(plan->schema, batches);
    batches.push_back(batch);
  }
}

/// A flipped bit anywhere is an error, or - in statistics and other bytes that no row depends on -
/// the same rows as before; never other rows, never the end of the process.
TEST(ParquetCorruption, AFlippedBitIsNeverAnotherAnswer) {
  const TemporaryFolder folder;
  const auto whole = every_type_table(300, 1);
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const bool has_page_index : {true, false}) {
    write_parquet(*whole, folder / "good.parquet",
                  {.group_rows = 150, .has_page_index = has_page_index});
    const auto good_data = *Dataset::make("x", std::vector{folder / "good.parquet"});
    const auto expected = *read(window_plan(good_data, 200, 50));
    const std::string good = read_bytes(folder / "good.parquet");
    // The footer decides what the rows are and has no checksum of its own: its flips are for the
    // test of DataFile. Here: the pages and the page index.
    const auto footer_bytes = static_cast<size_t>(good_data->files()[0].file->metadata()->size());
    int64_t errors = 0;
    for (int i = 0; i < 200; ++i) {
      std::string bad = good;
      const size_t at = 4 + random() % (good.size() - footer_bytes - 12);
      bad[at] = static_cast<char>(bad[at] ^ (1 << random() % 8));
      write_bytes(folder / "bad.parquet", bad);
      const auto dataset = Dataset::make("x", std::vector{folder / "bad.parquet"});
      ASSERT_TRUE(dataset) << at;
      const auto rows = read(window_plan(*dataset, 200, 50));
      if (!rows) {
        ++errors;
        EXPECT_EQ(rows.error().code, ErrorCode::kBadData) << rows.error().detail;
        continue;
      }
      for (int column = 0; column < expected->num_columns(); ++column)
        EXPECT_TRUE(plain(*(*rows)->column(column))->Equals(*plain(*expected->column(column))))
            << "byte " << at << " " << expected->schema()->field(column)->ToString();
    }
    EXPECT_GT(errors, 10);
  }
}

TEST(ParquetCorruption, ACorruptPageNamesItsFile) {
  const TemporaryFolder folder;
  write_parquet(*every_type_table(300, 1), folder / "x.parquet",
                {.codec = arrow::Compression::UNCOMPRESSED});
  std::string bytes = read_bytes(folder / "x.parquet");
  for (size_t i = 200; i < 400; ++i) bytes[i] = 'x';
  write_bytes(folder / "x.parquet", bytes);
  const auto dataset = *Dataset::make("x", std::vector{folder / "x.parquet"});
  const auto rows = read(window_plan(dataset, 0, std::nullopt));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kBadData);
  EXPECT_NE(rows.error().detail.find("'x.parquet'"), std::string::npos) << rows.error().detail;
}

/// What happens to a file between two batches of a stream over it.
ErrorCode error_after(const TemporaryFolder& folder,
                      const std::function<void(const std::string& path)>& change) {
  const std::string path = folder / "x.parquet";
  write_parquet(*every_type_table(20'000, 1), path, {.group_rows = 5'000});
  std::filesystem::last_write_time(path, std::filesystem::file_time_type() + std::chrono::hours(1));
  const auto dataset = *Dataset::make("x", std::vector{path});
  const auto engine = ParquetEngine::make();
  const auto stream = *engine->run(window_plan(dataset, 0, std::nullopt), StopToken());
  EXPECT_TRUE(stream->next());
  change(path);
  for (;;) {
    const auto batch = stream->next();
    if (!batch) return batch.error().code;
    if (!*batch) return ErrorCode::kInternal;  // it ended as if nothing had happened
  }
}

TEST(ParquetCorruption, AChangeUnderneathEndsTheStream) {
  const TemporaryFolder folder;
  EXPECT_EQ(
      error_after(folder, [](const auto& path) { std::filesystem::resize_file(path, 5'000); }),
      ErrorCode::kVersionChanged);
  EXPECT_EQ(error_after(folder, [](const auto& path) { std::filesystem::resize_file(path, 0); }),
            ErrorCode::kVersionChanged);
  EXPECT_EQ(error_after(folder, [](const auto& path) { write_bytes(path, "another file"); }),
            ErrorCode::kVersionChanged);
  EXPECT_EQ(error_after(folder,
                        [](const auto& path) {
                          const std::string bytes = read_bytes(path);
                          write_bytes(path, bytes);  // the same bytes, written again
                        }),
            ErrorCode::kVersionChanged);
  // A rename over the path is another file: the stream reads on to its own end.
  EXPECT_EQ(error_after(folder,
                        [&](const auto& path) {
                          write_bytes(folder / "new", "another file");
                          std::filesystem::rename(folder / "new", path);
                        }),
            ErrorCode::kInternal);
}

TEST(ParquetCorruption, TextThatIsNotUtf8IsRefused) {
  const TemporaryFolder folder;
  const auto write = [&](const std::vector<std::string>& texts) {
    arrow::BinaryBuilder builder;
    for (const std::string& text : texts) ASSERT_TRUE(builder.Append(text).ok());
    auto data = builder.Finish().ValueOrDie()->data()->Copy();
    data->type = arrow::utf8();
    write_parquet(*arrow::Table::Make(arrow::schema({arrow::field("t", arrow::utf8())}),
                                      {arrow::MakeArray(data)}),
                  folder / "x.parquet");
  };
  const auto code = [&] {
    const auto dataset = *Dataset::make("x", std::vector{folder / "x.parquet"});
    const auto rows = read(window_plan(dataset, 0, std::nullopt));
    return rows ? std::nullopt : std::optional(rows.error());
  };
  write({"ok", "Zürich", ""});
  EXPECT_FALSE(code());
  write({"ok", "\xFF"});
  ASSERT_TRUE(code());
  EXPECT_EQ(code()->detail, "column \"t\" holds text that is not UTF-8");
  write({"Z\xC3", "\xBCrich"});  // one character, split over two texts
  EXPECT_TRUE(code());
}

TEST(PageMap, IndexAndHeadersTellTheSame) {
  const TemporaryFolder folder;
  const auto table = every_type_table(3'000, 1);
  write_parquet(*table, folder / "with.parquet", {.group_rows = 1'500});
  write_parquet(*table, folder / "without.parquet", {.group_rows = 1'500, .has_page_index = false});
  const auto with = *DataFile::make(folder / "with.parquet");
  const auto without = *DataFile::make(folder / "without.parquet");
  int compared = 0;
  for (int leaf = 0; leaf < with->metadata()->num_columns(); ++leaf) {
    const PageMap index = locate_pages(with, {.group = 1, .leaf = leaf});
    const PageMap headers = locate_pages(without, {.group = 1, .leaf = leaf});
    ASSERT_FALSE(index.pages.empty());
    EXPECT_EQ(index.pages[0].first_row, 0);
    if (headers.pages.empty()) continue;  // a repeated column, whose V1 pages do not count rows
    ++compared;
    ASSERT_EQ(index.pages.size(), headers.pages.size()) << leaf;
    for (size_t page = 0; page < index.pages.size(); ++page)
      EXPECT_EQ(index.pages[page].first_row, headers.pages[page].first_row);
  }
  EXPECT_GT(compared, 20);
  EXPECT_EQ(locate_pages(with, {.group = 0, .leaf = 0}).page_of(0), 0u);
}

TEST(PageMapCache, KeepsWhatItLocated) {
  const TemporaryFolder folder;
  write_parquet(*every_type_table(1'000, 1), folder / "x.parquet");
  const auto file = *DataFile::make(folder / "x.parquet");
  PageMapCache cache;
  const auto first = cache.find_or_locate(file, {.group = 0, .leaf = 3});
  EXPECT_EQ(cache.find_or_locate(file, {.group = 0, .leaf = 3}).get(), first.get());
  EXPECT_NE(cache.find_or_locate(file, {.group = 0, .leaf = 4}).get(), first.get());
}

}  // namespace
}  // namespace bowshot
