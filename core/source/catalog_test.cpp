#include "source/catalog.hpp"

#include <arrow/api.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "source/test_files.hpp"

namespace bowshot {
namespace {

void write_numbers(const std::string& path, const std::vector<int64_t>& numbers) {
  arrow::Int64Builder builder;
  ASSERT_TRUE(builder.AppendValues(numbers).ok());
  write_parquet(
      *arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64())}), {*builder.Finish()}),
      path);
}

std::unique_ptr<Catalog> catalog_of(const std::vector<std::string>& arguments) {
  std::vector<DatasetSpec> specs;
  for (const std::string& argument : arguments) specs.push_back(*DatasetSpec::parse(argument));
  auto catalog = Catalog::make(specs);
  EXPECT_TRUE(catalog) << catalog.error().detail;
  return *std::move(catalog);
}

TEST(DatasetSpec, SplitsNameAndPath) {
  const auto parse = [](std::string_view text) { return *DatasetSpec::parse(text); };
  EXPECT_EQ(parse("flights=data/x.parquet").name, "flights");
  EXPECT_EQ(parse("flights=data/x.parquet").pattern, "data/x.parquet");
  EXPECT_EQ(parse("data/year=2026/x.parquet").name, "");
  EXPECT_EQ(parse("data/year=2026/x.parquet").pattern, "data/year=2026/x.parquet");
  EXPECT_EQ(parse("./year=2026").name, "");
  EXPECT_EQ(parse("a=b=c").pattern, "b=c");
  EXPECT_FALSE(DatasetSpec::parse(""));
  EXPECT_FALSE(DatasetSpec::parse("x="));
  EXPECT_FALSE(DatasetSpec::parse("data/**/x.parquet"));
}

TEST(Catalog, NamesDatasetsByStemFolderOrGlobsFolder) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "my data/sub");
  const auto catalog = catalog_of({folder / "flights-3m.parquet", folder / "my data",
                                   folder / "my data/sub/*.parquet", folder / "Zürich 1.parquet",
                                   "z=" + (folder / "flights-3m.parquet"), folder / "a.b.parquet"});
  EXPECT_EQ(catalog->names(),
            (std::vector<std::string>{"Z_rich_1", "a.b", "flights-3m", "my_data", "sub", "z"}));
}

TEST(Catalog, AClashNamesBoth) {
  const auto catalog =
      Catalog::make({*DatasetSpec::parse("a b.parquet"), *DatasetSpec::parse("a_b.parquet")});
  ASSERT_FALSE(catalog);
  EXPECT_NE(catalog.error().detail.find("'a b.parquet' and 'a_b.parquet'"), std::string::npos);
}

TEST(Catalog, ReadsFoldersAndGlobsInBytewiseOrder) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "d/sub/_tmp");
  std::filesystem::create_directories(folder / "d/.hidden");
  write_numbers(folder / "d/b.parquet", {2});
  write_numbers(folder / "d/B.parquet", {1});
  write_numbers(folder / "d/sub/a.parquet", {3});
  write_numbers(folder / "d/_skipped.parquet", {9});
  write_numbers(folder / "d/.skipped.parquet", {9});
  write_numbers(folder / "d/sub/_tmp/x.parquet", {9});
  write_numbers(folder / "d/.hidden/x.parquet", {9});
  write_bytes(folder / "d/readme.txt", "no");
  const auto names = [&](const std::string& pattern) {
    const auto dataset = catalog_of({"x=" + pattern})->current("x");
    EXPECT_TRUE(dataset) << dataset.error().detail;
    std::vector<std::string> found;
    for (const DatasetFile& part : (*dataset)->files()) found.push_back(part.file->display_name());
    return found;
  };
  EXPECT_EQ(names(folder / "d"),
            (std::vector<std::string>{"B.parquet", "b.parquet", "sub/a.parquet"}));
  EXPECT_EQ(names(folder / "d/"), names(folder / "d"));
  EXPECT_EQ(names(folder / "d/[bB].parquet"), (std::vector<std::string>{"B.parquet", "b.parquet"}));
  EXPECT_EQ(names(folder / "*/s*"), (std::vector<std::string>{"d/sub/a.parquet"}));
  EXPECT_EQ(names(folder / "d/b.parquet"), (std::vector<std::string>{"b.parquet"}));
}

TEST(Catalog, RefusesToLoseAHiveColumn) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "d/year=2026");
  std::filesystem::create_directories(folder / "e/n=7");
  write_numbers(folder / "d/year=2026/a.parquet", {1});
  write_numbers(folder / "e/n=7/a.parquet", {7});  // the file holds that column itself
  const auto lost = catalog_of({folder / "d"})->current("d");
  ASSERT_FALSE(lost);
  EXPECT_NE(lost.error().detail.find("\"year\""), std::string::npos) << lost.error().detail;
  EXPECT_TRUE(catalog_of({folder / "e"})->current("e"));
}

TEST(Catalog, OpensWhatItCanAndSaysWhatFailed) {
  const TemporaryFolder folder;
  write_numbers(folder / "a.parquet", {1});
  auto catalog = catalog_of({folder / "a.parquet", "empty=" + folder.path() + "/none"});
  const auto unopened = catalog->open_all();
  ASSERT_EQ(unopened.size(), 1U);
  EXPECT_EQ(unopened[0].name, "empty");
  EXPECT_NE(unopened[0].error.detail.find("'none'"), std::string::npos) << unopened[0].error.detail;
  EXPECT_TRUE(catalog->current("a"));
  std::filesystem::create_directories(folder / "none");
  EXPECT_EQ(catalog->open_all().size(), 1U);
  write_numbers(folder / "none/b.parquet", {1});
  EXPECT_TRUE(catalog->open_all().empty());
  std::filesystem::remove(folder / "a.parquet");
  EXPECT_TRUE(catalog->open_all().empty()) << "it has been open";
}

TEST(Catalog, UnknownDatasetsGetSuggestions) {
  const auto catalog = catalog_of({"flights=x.parquet"});
  const auto result = catalog->current("flihgts");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnknownDataset);
  EXPECT_EQ(result.error().suggestions, std::vector<std::string>{"flights"});
}

TEST(Catalog, AReplacementIsANewVersionAndTheOldOneStays) {
  const TemporaryFolder folder;
  write_numbers(folder / "a.parquet", {1, 2});
  const auto catalog = catalog_of({"x=" + (folder / "a.parquet")});
  const auto before = *catalog->current("x");
  EXPECT_EQ((*catalog->current("x")).get(), before.get());
  write_numbers(folder / "new", {1, 2, 3});
  std::filesystem::rename(folder / "new", folder / "a.parquet");
  const auto after = *catalog->current("x");
  EXPECT_NE(after->version(), before->version());
  EXPECT_EQ(after->rows(), 3);
  EXPECT_EQ(before->rows(), 2);
  EXPECT_TRUE(before->check_unchanged());
}

TEST(Catalog, RecoversWhenAFileComesBack) {
  const TemporaryFolder folder;
  write_numbers(folder / "a.parquet", {1});
  const auto catalog = catalog_of({"x=" + (folder / "a.parquet")});
  const auto before = *catalog->current("x");
  std::filesystem::rename(folder / "a.parquet", folder / "b");
  const auto gone = catalog->current("x");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kBadData);
  std::filesystem::rename(folder / "b", folder / "a.parquet");
  EXPECT_EQ((*catalog->current("x"))->version(), before->version());
  write_bytes(folder / "a.parquet", "half a file");
  EXPECT_FALSE(catalog->current("x"));
  write_numbers(folder / "a.parquet", {1, 2});
  EXPECT_EQ((*catalog->current("x"))->rows(), 2);
}

TEST(Catalog, KeepsTheFilesThatDidNotChange) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "d");
  write_numbers(folder / "d/a.parquet", {1});
  write_numbers(folder / "d/b.parquet", {2});
  const auto catalog = catalog_of({folder / "d"});
  const auto before = *catalog->current("d");
  write_numbers(folder / "d/c.parquet", {3});
  const auto after = *catalog->current("d");
  ASSERT_EQ(after->files().size(), 3u);
  EXPECT_EQ(after->files()[0].file.get(), before->files()[0].file.get());
  EXPECT_EQ(after->files()[1].file.get(), before->files()[1].file.get());
  EXPECT_NE(after->version(), before->version());
  std::filesystem::remove(folder / "d/a.parquet");
  EXPECT_EQ((*catalog->current("d"))->rows(), 2);
}

TEST(Catalog, ManyCallersOpenAChangeOnce) {
  const TemporaryFolder folder;
  write_numbers(folder / "a.parquet", {1});
  const auto catalog = catalog_of({"x=" + (folder / "a.parquet")});
  for (int64_t round = 2; round < 20; ++round) {
    write_numbers(folder / "new", std::vector<int64_t>(static_cast<size_t>(round), 7));
    std::filesystem::rename(folder / "new", folder / "a.parquet");
    std::vector<std::shared_ptr<const Dataset>> seen(6);
    {
      std::vector<std::jthread> threads;
      for (auto& one : seen) threads.emplace_back([&] { one = *catalog->current("x"); });
    }
    for (const auto& one : seen) EXPECT_EQ(one.get(), seen[0].get());
    EXPECT_EQ(seen[0]->rows(), round);
  }
}

}  // namespace
}  // namespace bowshot
