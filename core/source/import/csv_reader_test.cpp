#include "source/import/csv_reader.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "source/import/csv_dialect.hpp"
#include "source/test_files.hpp"

namespace bowshot {
namespace {

constexpr size_t kBlockBytes = 2 << 20;  // what a reader takes at a time

struct Table {
  std::vector<std::string> rows;  // values joined by |
  std::string types;              // name:type
  int64_t rows_skipped = 0;
};

std::string row_text(const arrow::RecordBatch& batch, int64_t row) {
  std::string text;
  for (int i = 0; i < batch.num_columns(); ++i)
    text += (i == 0 ? "" : "|") + batch.column(i)->GetScalar(row).ValueOrDie()->ToString();
  return text;
}

/// Reads as a conversion does: once more whenever types have become wider.
Result<Table> read_files(const FileList& files, const ImportOptions& options) {
  BOWSHOT_ASSIGN(const auto reader, CsvReader::make(files, options, {}, nullptr));
  for (Table table;; table.rows.clear()) {
    std::shared_ptr<arrow::Schema> first;
    for (;;) {
      BOWSHOT_ASSIGN(const auto batch, reader->next());
      if (!batch) break;
      if (!first) first = batch->schema();
      for (int64_t row = 0; row < batch->num_rows(); ++row)
        table.rows.push_back(row_text(*batch, row));
    }
    const auto details = reader->details();
    table.types.clear();
    for (const auto& [name, type] : details.at("types").as_object())
      table.types += fmt::format("{}{}:{}", table.types.empty() ? "" : " ", std::string_view(name),
                                 std::string_view(type.as_string()));
    table.rows_skipped = details.at("rows_skipped").as_int64();
    if (!first || first->Equals(*reader->schema())) return table;
    BOWSHOT_TRY(reader->rewind());
  }
}

class CsvReaderTest : public testing::Test {
 protected:
  Result<Table> read(const std::string& text, const ImportOptions& options = {}) {
    write_bytes(folder_ / "x.csv", text);
    return read_files(list_files(folder_ / "x.csv").value(), options);
  }
  std::string error_of(const std::string& text, const ImportOptions& options = {}) {
    const auto table = read(text, options);
    EXPECT_FALSE(table) << text.substr(0, 80);
    if (table) return {};
    EXPECT_EQ(table.error().code, ErrorCode::kBadData);
    return table.error().detail;
  }
  std::string types_of(const std::string& text) {
    const auto table = read(text);
    EXPECT_TRUE(table) << table.error().detail;
    return table ? table->types : "";
  }
  using Rows = std::vector<std::string>;

  const TemporaryFolder folder_;
};

CsvDialect dialect_of(const std::string& text, const ImportOptions& options = {}) {
  const auto dialect =
      detect_csv_dialect(text, /*is_whole=*/true, /*tab_separated=*/false, options);
  EXPECT_TRUE(dialect) << dialect.error().detail;
  return dialect.value_or(CsvDialect());
}

TEST(CsvDialect, TheDelimiterGivesRowsOfOneLength) {
  EXPECT_EQ(dialect_of("a,b,c\n1,2,3\n").delimiter, ',');
  EXPECT_EQ(dialect_of("a;b;c\n1;2;3\n").delimiter, ';');
  EXPECT_EQ(dialect_of("a\tb\n1\t2\n").delimiter, '\t');
  EXPECT_EQ(dialect_of("a|b\n1|2\n").delimiter, '|');
  EXPECT_EQ(dialect_of("a;b\n1,5;2,5\n3,5;4,5\n").delimiter, ';');         // decimal commas
  EXPECT_EQ(dialect_of("\"x;y\",b\n\"1;2\",3\n").delimiter, ',');          // within quotes
  EXPECT_EQ(dialect_of("a,b\n\"x\ny;z\",1\n").delimiter, ',');             // and over lines
  EXPECT_EQ(dialect_of("word\nanother word\n").delimiter, ',');            // one column
  EXPECT_EQ(dialect_of("a;b\n1;2\n", {.delimiter = ','}).delimiter, ',');  // as the user says
}

TEST(CsvDialect, AHeaderIsUnlikeTheRowsBelow) {
  const auto has_header = [](const std::string& text) { return dialect_of(text).header; };
  EXPECT_TRUE(has_header("a,b\n1,2\n"));
  EXPECT_TRUE(has_header("a,b\nx,y\n"));  // all text: nothing speaks against names
  EXPECT_TRUE(has_header("a,b\n"));
  EXPECT_FALSE(has_header("1,2\n3,4\n"));
  EXPECT_FALSE(has_header("2026-01-01,x\n2026-01-02,y\n"));
  EXPECT_TRUE(has_header("2024,2025,name\n1,2,x\n") == false);  // numbers above numbers: a row
  EXPECT_TRUE(dialect_of("1,2\n3,4\n", {.header = true}).header);
}

TEST(CsvDialect, EveryNameIsThereOnce) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(unique_names({"a", "a", "", "a"}), (Names{"a", "a_1", "column2", "a_2"}));
  EXPECT_EQ(unique_names({"a", "a", "a_1"}), (Names{"a", "a_2", "a_1"}));
  EXPECT_EQ(unique_names({"", "column0"}), (Names{"column0_1", "column0"}));
  EXPECT_EQ(dialect_of("1,2\n3,4\n").names, (Names{"column0", "column1"}));
  const auto latin1 = detect_csv_dialect("caf\xe9,b\n1,2\n", true, false, {});
  ASSERT_FALSE(latin1);
  EXPECT_NE(latin1.error().detail.find("encoding"), std::string::npos);
}

TEST_F(CsvReaderTest, TypesHoldEveryValue) {
  EXPECT_EQ(types_of("a,b\n1,x\n-5,y\n"), "a:int64 b:utf8");
  EXPECT_EQ(types_of("a,b\n1,1\n1.5,2e3\n"), "a:float64 b:float64");
  EXPECT_EQ(types_of("a,b\n9223372036854775808,1\n1,2\n"), "a:decimal128(38, 0) b:int64");
  EXPECT_EQ(types_of("a,b\ntrue,12:30:00\nFalse,23:59:59.5\n"), "a:bool b:time64[us]");
  EXPECT_EQ(types_of("a,b\n2026-01-31,2026-01-31 10:00:00\n2026-02-28,2026-02-28T10:00:00.5\n"),
            "a:date32 b:timestamp[us]");
  EXPECT_EQ(types_of("a,b\n2026-02-30,2026-01-31T10:00:00Z\n2026-01-01,2026-01-31T10:00:00Z\n"),
            "a:utf8 b:timestamp[us, tz=UTC]");
  EXPECT_EQ(types_of("a,b\n2026-01-31,1\n2026-01-31 10:00:00,true\n"), "a:timestamp[us] b:utf8");
}

TEST_F(CsvReaderTest, ALateValueWidensWhatWasReadBefore) {
  std::string text = "a\n";
  for (int i = 0; i < 70'000; ++i) text += "007\n";
  const auto table = read(text + "1.5\n");
  ASSERT_TRUE(table) << table.error().detail;
  EXPECT_EQ(table->types, "a:float64");
  EXPECT_EQ(table->rows.size(), 70'001);
  const auto words = read(text + "x\n");
  ASSERT_TRUE(words) << words.error().detail;
  EXPECT_EQ(words->types, "a:utf8");
  EXPECT_EQ(words->rows.front(), "007");  // as it was spelt, not a number again
}

TEST_F(CsvReaderTest, RaggedRowsAreNamed) {
  EXPECT_EQ(error_of("a,b\n1,2\n3\n4,5,6\n"),
            "'x.csv': row 3 has 1 values where there are 2 columns");
  EXPECT_EQ(error_of("a,b\n1,2\n4,5,6\n"), "'x.csv': row 3 has 3 values where there are 2 columns");
  std::string text = "a,b\n";
  for (int i = 0; i < 100'000; ++i) text += "1,\"x\ny\"\n";  // rows, not lines, are counted
  EXPECT_EQ(error_of(text + "1\n"), "'x.csv': row 100002 has 1 values where there are 2 columns");
}

TEST_F(CsvReaderTest, RaggedRowsAreSkippedAndCounted) {
  const auto table = read("a,b\n1,2\n3\n4,5,6\n7,8\n", {.skip_bad_rows = true});
  ASSERT_TRUE(table) << table.error().detail;
  EXPECT_EQ(table->rows, (Rows{"1|2", "7|8"}));
  EXPECT_EQ(table->rows_skipped, 2);
  EXPECT_EQ(table->types, "a:int64 b:int64");
}

TEST_F(CsvReaderTest, FilesAreCountedEachAndHaveOneHeader) {
  std::filesystem::create_directories(folder_ / "d");
  write_bytes(folder_ / "d/1.csv", "a,b\n1,2\n");
  write_bytes(folder_ / "d/2.csv", "a,b\n3,4\n5\n");
  const auto ragged = read_files(list_files(folder_ / "d").value(), {});
  ASSERT_FALSE(ragged);
  EXPECT_EQ(ragged.error().detail, "'2.csv': row 3 has 1 values where there are 2 columns");
  write_bytes(folder_ / "d/2.csv", "a,b\n3,x\n");
  EXPECT_EQ(read_files(list_files(folder_ / "d").value(), {})->rows, (Rows{"1|2", "3|x"}));
  write_bytes(folder_ / "d/2.csv", "b,a\n3,4\n");
  const auto other = read_files(list_files(folder_ / "d").value(), {});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().detail, "'2.csv': its header differs from that of '1.csv'");
}

// A block ends anywhere: within quotes, between \r and \n, within a character, in a doubled quote.
TEST_F(CsvReaderTest, ValuesMayCrossTheEndOfABlock) {
  const std::string special = "\"a\r\n\"\"b\"\", \xC3\xA9\",7\r\n";
  const std::string filler(997, 'f');
  for (size_t shift = 0; shift <= special.size() + 1; ++shift) {
    std::string text = "a,b\r\n";
    size_t before = 0;
    while (text.size() + 2'100 < kBlockBytes) {
      text += filler + ",1\r\n";
      ++before;
    }
    const size_t left = kBlockBytes - shift - text.size() - 4;
    text += std::string(left, 'g') + ",1\r\n";
    ASSERT_EQ(text.size() + shift, kBlockBytes);
    text += special + "last,2\r\n";
    const auto table = read(text);
    ASSERT_TRUE(table) << shift << ": " << table.error().detail;
    ASSERT_EQ(table->rows.size(), before + 3) << shift;
    ASSERT_EQ(table->rows[before + 1], "a\r\n\"b\", \xC3\xA9|7") << shift;
    ASSERT_EQ(table->rows.back(), "last|2") << shift;
  }
}

TEST_F(CsvReaderTest, AQuoteThatStaysOpenIsAnError) {
  EXPECT_NE(error_of("a,b\n1,2\n3,\"never closed\n1,2\n").find("a quote may be open"),
            std::string::npos);
}

TEST_F(CsvReaderTest, ByteOrderMarksAndEncodings) {
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "a,b\n1,2\n")
                ->types,
            "a:int64 b:int64");
  std::string utf16 = "\xFF\xFE";
  for (const char c : std::string("a,b\n1,\xE9\n")) utf16 += {c, '\0'};
  EXPECT_NE(error_of(utf16).find("UTF-16"), std::string::npos);
  EXPECT_EQ(read(utf16, {.encoding = "utf-16"})->rows, Rows{"1|\xC3\xA9"});
  EXPECT_EQ(read("a,b\n1,\xE9\n", {.encoding = "latin1"})->rows, Rows{"1|\xC3\xA9"});
  EXPECT_EQ(error_of("a,b\n1,2\n1,\xE9\n"),
            "'x.csv': row 3: column \"b\" holds text that is not UTF-8: say the file's encoding");
}

TEST_F(CsvReaderTest, NothingAndNearlyNothing) {
  for (const char* text : {"", "\n", "\r\n\r\n", "\xEF\xBB\xBF"})
    EXPECT_NE(error_of(text).find("no rows"), std::string::npos) << text;
  const auto names = read("a,b\n");
  ASSERT_TRUE(names) << names.error().detail;
  EXPECT_EQ(names->rows, Rows());
  EXPECT_EQ(read("a,b\n1,2")->rows, Rows{"1|2"});  // without an end of the line
}

TEST_F(CsvReaderTest, NullsAndEmptyTexts) {
  EXPECT_EQ(read("a,b\n\"\",1\n,2\nx,\n")->rows, (Rows{"|1", "null|2", "x|null"}));
  EXPECT_EQ(read("a,b\nNA,1\nx,NA\n", {.nulls = {"NA"}})->rows, (Rows{"null|1", "x|null"}));
  EXPECT_EQ(read("a\n1\n\n3\n")->rows, (Rows{"1", "null", "3"}));  // a line is a row of one column
  EXPECT_EQ(read("a,b\n1,2\n\n3,4\n")->rows, (Rows{"1|2", "3|4"}));
}

TEST_F(CsvReaderTest, GivenTypesAreKeptOrTheValueIsNamed) {
  const ImportOptions options{.types = {{"a", "utf8"}}};
  EXPECT_EQ(read("a,b\n007,1\n", options)->rows, Rows{"007|1"});
  EXPECT_EQ(error_of("a,b\n1,2\nx,3\n", {.types = {{"a", "int64"}}}),
            "'x.csv': row 3: column \"a\" holds a value that is no int64");
  const auto unknown = read("abc,b\n1,2\n", {.types = {{"abd", "utf8"}}});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().suggestions, std::vector<std::string>{"abc"});
}

TEST_F(CsvReaderTest, AFileThatGrowsIsNotTakenForWhole) {
  write_bytes(folder_ / "x.csv", "a,b\n1,2\n");
  const FileList files = list_files(folder_ / "x.csv").value();
  const auto reader = CsvReader::make(files, {}, {}, nullptr).value();
  ASSERT_TRUE(reader->next());
  std::ofstream(folder_ / "x.csv", std::ios::app) << "3,4\n";
  const auto end = reader->next();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::kVersionChanged);
  EXPECT_EQ(end.error().detail, "'x.csv' was changed while it was converted");
  const auto late = CsvReader::make(files, {}, {}, nullptr);  // as it was listed
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kVersionChanged);
}

TEST_F(CsvReaderTest, AFileThatIsReplacedIsReadToItsOwnEnd) {
  write_bytes(folder_ / "x.csv", "a,b\n1,2\n");
  write_bytes(folder_ / "y.csv", "a,b\n3,4\n5,6\n");
  const auto reader =
      CsvReader::make(list_files(folder_ / "x.csv").value(), {}, {}, nullptr).value();
  std::filesystem::rename(folder_ / "y.csv", folder_ / "x.csv");
  // The first look at the file was at its dialect; the rows are read from the start again, of what
  // has the name now: never a mix.
  const auto batch = reader->next();
  if (batch) {
    EXPECT_EQ(row_text(**batch, 0), "1|2");
    EXPECT_EQ(*reader->next(), nullptr);
  } else {
    EXPECT_EQ(batch.error().code, ErrorCode::kVersionChanged);
  }
}

}  // namespace
}  // namespace bowshot
