#include "source/dataset.hpp"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "source/column_dictionary.hpp"
#include "source/test_files.hpp"

namespace bowshot {
namespace {

std::shared_ptr<arrow::Table> table(const std::shared_ptr<arrow::Schema>& schema,
                                    const std::vector<std::string>& json_columns) {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const std::string& json : json_columns) {
    const auto& field = schema->field(static_cast<int>(columns.size()));
    columns.push_back(*arrow::json::ArrayFromJSONString(field->type(), json));
  }
  return arrow::Table::Make(schema, columns);
}

std::shared_ptr<arrow::Schema> two_columns() {
  return arrow::schema(
      {arrow::field("a", arrow::int64(), false), arrow::field("b", arrow::utf8())});
}

std::string detail_of(const Result<std::shared_ptr<const Dataset>>& result) {
  EXPECT_FALSE(result);
  return result ? "" : result.error().detail;
}

/// Sets the time of the last change, so that no test has to wait for the file system's clock.
void touch(const std::string& path, int64_t seconds) {
  const struct timespec times[2] = {{seconds, 0}, {seconds, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

TEST(DataFile, HoldsTheFooterAndPinsTheFile) {
  const TemporaryFolder folder;
  write_parquet(*table(two_columns(), {"[1, 2, 3, 4, 5]", R"(["a", null, "c", "d", "e"])"}),
                folder / "x.parquet", {.group_rows = 2});
  const auto file = DataFile::make(folder / "x.parquet");
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ((*file)->rows(), 5);
  EXPECT_EQ((*file)->group_starts(), (std::vector<int64_t>{0, 2, 4, 5}));
  EXPECT_EQ((*file)->display_name(), "x.parquet");
  EXPECT_TRUE((*file)->check_unchanged());
  // A rename over the path leaves the held file as it was.
  write_bytes(folder / "y", "other");
  std::filesystem::rename(folder / "y", folder / "x.parquet");
  EXPECT_TRUE((*file)->check_unchanged());
}

TEST(DataFile, NoticesAWriteInPlaceATruncationAndATouch) {
  const TemporaryFolder folder;
  for (const std::string change : {"write", "truncate", "touch"}) {
    write_parquet(*table(two_columns(), {"[1]", R"(["a"])"}), folder / "x.parquet");
    touch(folder / "x.parquet", 1'000'000'000);
    const auto file = DataFile::make(folder / "x.parquet");
    ASSERT_TRUE(file);
    if (change == "write") {
      std::fstream(folder / "x.parquet", std::ios::in | std::ios::out | std::ios::binary) << "PAR2";
    } else if (change == "truncate") {
      std::filesystem::resize_file(folder / "x.parquet", 10);
    } else {
      touch(folder / "x.parquet", 1'000'000'001);
    }
    const auto result = (*file)->check_unchanged();
    ASSERT_FALSE(result) << change;
    EXPECT_EQ(result.error().code, ErrorCode::kVersionChanged);
  }
}

TEST(DataFile, RefusesWhatIsNotParquet) {
  const TemporaryFolder folder;
  write_parquet(*table(two_columns(), {"[1, 2]", R"(["a", "b"])"}), folder / "good.parquet");
  const std::string good = read_bytes(folder / "good.parquet");
  std::string bad_footer = good;
  bad_footer[good.size() - 40] ^= 0x55;
  bad_footer[good.size() - 60] ^= 0x55;
  std::string encrypted = good;
  encrypted[encrypted.size() - 1] = 'E';
  std::string long_footer = good;
  long_footer[good.size() - 5] = 0x7F;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "is empty"},
      {"PAR1", "too short"},
      {"hello, I am a text file", "does not begin"},
      {good.substr(0, good.size() / 2), "cut off"},
      {encrypted, "is encrypted"},
      {long_footer, "its footer claims"},
      {"PAR1" + std::string(20, '\0') + "PAR1", "footer"}};
  for (const auto& [bytes, expected] : cases) {
    write_bytes(folder / "bad.parquet", bytes);
    const auto result = DataFile::make(folder / "bad.parquet");
    ASSERT_FALSE(result) << expected;
    EXPECT_EQ(result.error().code, ErrorCode::kBadData);
    EXPECT_NE(result.error().detail.find(expected), std::string::npos) << result.error().detail;
    EXPECT_NE(result.error().detail.find("'bad.parquet'"), std::string::npos);
    EXPECT_EQ(result.error().detail.find(folder.path()), std::string::npos);
  }
  EXPECT_FALSE(DataFile::make(folder / "missing.parquet"));
  EXPECT_FALSE(DataFile::make(folder.path()));
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(DataFile::make(folder / "pipe"));  // and does not wait for a writer
}

TEST(DataFile, AnyFlippedFooterByteIsAnErrorOrAFileButNoCrash) {
  const TemporaryFolder folder;
  write_parquet(*table(two_columns(), {"[1, 2]", R"(["a", "b"])"}), folder / "good.parquet");
  const std::string good = read_bytes(folder / "good.parquet");
  for (size_t i = 4; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x81);
    write_bytes(folder / "bad.parquet", bad);
    (void)Dataset::make("x", std::vector<std::string>{folder / "bad.parquet"});
  }
}

TEST(Dataset, JoinsFilesOfOneSchema) {
  const TemporaryFolder folder;
  write_parquet(*table(two_columns(), {"[1, 2]", R"(["a", "b"])"}), folder / "1.parquet");
  write_parquet(*table(two_columns(), {"[]", "[]"}), folder / "2.parquet");
  const auto nullable =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::large_utf8())});
  write_parquet(*table(nullable, {"[null]", "[null]"}), folder / "3.parquet");
  const auto dataset = Dataset::make(
      "x", std::vector{folder / "1.parquet", folder / "2.parquet", folder / "3.parquet"});
  ASSERT_TRUE(dataset) << dataset.error().detail;
  EXPECT_EQ((*dataset)->rows(), 3);
  EXPECT_EQ((*dataset)->files()[2].first_row, 2);
  EXPECT_EQ((*dataset)->column_index("b"), 1);
  EXPECT_EQ((*dataset)->column_index("B"), -1);
  EXPECT_TRUE((*dataset)->schema()->Equals(
      *arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())})));
}

TEST(Dataset, NamesTheFileAndColumnThatDiffer) {
  const TemporaryFolder folder;
  write_parquet(*table(two_columns(), {"[1]", R"(["a"])"}), folder / "1.parquet");
  const auto other =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::int32())});
  write_parquet(*table(other, {"[1]", "[1]"}), folder / "2.parquet");
  const auto wider =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8()),
                     arrow::field("c", arrow::int32())});
  write_parquet(*table(wider, {"[1]", R"(["a"])", "[1]"}), folder / "3.parquet");
  EXPECT_EQ(detail_of(Dataset::make("x", std::vector{folder / "1.parquet", folder / "2.parquet"})),
            "'2.parquet' has another schema than '1.parquet': column 1 is \"b\" int32, there it is "
            "\"b\" utf8");
  EXPECT_EQ(detail_of(Dataset::make("x", std::vector{folder / "1.parquet", folder / "3.parquet"})),
            "'3.parquet' has another schema than '1.parquet': column 2 is \"c\" int32, there it is "
            "no such column");
}

TEST(Dataset, RefusesTwoColumnsOfOneNameAndTypesWithoutCounterpart) {
  const TemporaryFolder folder;
  const auto twice =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("a", arrow::utf8())});
  write_parquet(*table(twice, {"[1]", R"(["a"])"}), folder / "1.parquet");
  EXPECT_EQ(detail_of(Dataset::make("x", std::vector{folder / "1.parquet"})),
            "'1.parquet' has two columns named \"a\"");
  const auto wide = arrow::schema({arrow::field("t", arrow::decimal256(39, 0))});
  write_parquet(*table(wide, {R"(["1"])"}), folder / "2.parquet");
  EXPECT_EQ(detail_of(Dataset::make("x", std::vector{folder / "2.parquet"})),
            "'2.parquet': column \"t\": type decimal256(39, 0) is not supported");
}

TEST(Dataset, AVersionTellsOneContentFromAnother) {
  const TemporaryFolder folder;
  const std::string path = folder / "1.parquet";
  write_parquet(*table(two_columns(), {"[1]", R"(["a"])"}), path);
  touch(path, 1'000'000'000);
  const auto version = [&] { return (*Dataset::make("x", std::vector{path}))->version(); };
  const std::string first = version();
  EXPECT_EQ(first.size(), 22u);
  EXPECT_EQ(
      first.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      std::string::npos);
  EXPECT_EQ(version(), first);
  touch(path, 1'000'000'001);
  EXPECT_NE(version(), first);
  touch(path, 1'000'000'000);
  EXPECT_EQ(version(), first);
  std::filesystem::copy(path, folder / "2.parquet");
  touch(folder / "2.parquet", 1'000'000'000);
  EXPECT_NE((*Dataset::make("x", std::vector{folder / "2.parquet"}))->version(), first);
}

TEST(Dataset, OpensAFileWithoutRows) {
  const TemporaryFolder folder;
  write_parquet(*table(two_columns(), {"[]", "[]"}), folder / "1.parquet");
  const auto dataset = Dataset::make("x", std::vector{folder / "1.parquet"});
  ASSERT_TRUE(dataset) << dataset.error().detail;
  EXPECT_EQ((*dataset)->rows(), 0);
}

std::vector<std::string> dictionary_of(const Dataset& dataset, int column) {
  const auto dictionary = dataset.dictionary(column);
  EXPECT_TRUE(dictionary) << dictionary.error().detail;
  std::vector<std::string> values;
  for (int64_t i = 0; i < (*dictionary)->length(); ++i)
    values.push_back(static_cast<const arrow::StringArray&>(**dictionary).GetString(i));
  return values;
}

TEST(Dataset, ReadsWholeDictionariesFromPagesAndFromRows) {
  const TemporaryFolder folder;
  const auto schema =
      arrow::schema({arrow::field("d", arrow::dictionary(arrow::int8(), arrow::utf8()))});
  for (const bool encoded : {true, false}) {
    const WriteOptions options{.group_rows = 2, .is_dictionary_encoded = encoded};
    write_parquet(*table(schema, {R"(["b", null, "a", "b", "c", null])"}), folder / "1.parquet",
                  options);
    write_parquet(*table(schema, {R"(["", "a", "z"])"}), folder / "2.parquet", options);
    write_parquet(*table(schema, {"[null]"}), folder / "3.parquet", options);
    const auto dataset = Dataset::make(
        "x", std::vector{folder / "1.parquet", folder / "2.parquet", folder / "3.parquet"});
    ASSERT_TRUE(dataset) << dataset.error().detail;
    EXPECT_EQ(dictionary_of(**dataset, 0), (std::vector<std::string>{"b", "a", "c", "", "z"}));
  }
}

TEST(Dataset, BuildsADictionaryOnceForManyCallers) {
  const TemporaryFolder folder;
  const auto schema =
      arrow::schema({arrow::field("d", arrow::dictionary(arrow::int32(), arrow::utf8()))});
  write_parquet(*table(schema, {R"(["b", "a"])"}), folder / "1.parquet");
  const auto dataset = *Dataset::make("x", std::vector{folder / "1.parquet"});
  std::vector<std::shared_ptr<arrow::Array>> seen(8);
  {
    std::vector<std::jthread> threads;
    for (auto& one : seen) threads.emplace_back([&] { one = *dataset->dictionary(0); });
  }
  for (const auto& one : seen) EXPECT_EQ(one.get(), seen[0].get());
}

TEST(ColumnDictionary, EncodesTextsAndOtherDictionaries) {
  const auto values = std::static_pointer_cast<arrow::StringArray>(
      *arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["a", "b", ""])"));
  const ColumnDictionary dictionary(values);
  const auto expected = R"(["b", null, "", "a"])";
  const auto target = arrow::dictionary(arrow::int32(), arrow::utf8());
  for (const auto& type : {arrow::utf8(), arrow::large_utf8(),
                           arrow::dictionary(arrow::uint8(), arrow::large_utf8())}) {
    const auto array = *arrow::json::ArrayFromJSONString(type, expected);
    const auto encoded = dictionary.encode(array);
    ASSERT_TRUE(encoded) << encoded.error().detail;
    EXPECT_TRUE((*encoded)->type()->Equals(*target));
    const auto& codes = static_cast<const arrow::DictionaryArray&>(**encoded);
    EXPECT_EQ(codes.dictionary()->data().get(), dictionary.values()->data().get());
    EXPECT_TRUE(codes.indices()->Equals(
        *arrow::json::ArrayFromJSONString(arrow::int32(), "[1, null, 2, 0]").ValueOrDie()));
    EXPECT_EQ(static_cast<const arrow::Int32Array&>(*codes.indices()).Value(1), 0);
  }
  EXPECT_FALSE(dictionary.encode(*arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["q"])")));
}

}  // namespace
}  // namespace bowshot
