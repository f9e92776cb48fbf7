// What is neither Parquet nor CSV: newline-delimited JSON, Arrow files and streams, tables of
// DuckDB.
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <duckdb.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "source/file_kind.hpp"
#include "source/import/conversion.hpp"
#include "source/test_files.hpp"

namespace bowshot {
namespace {

struct Read {
  std::vector<std::string> rows;  // values joined by |
  std::string types;              // name:type
};

std::string types_of(const arrow::Schema& schema) {
  std::string types;
  for (const auto& field : schema.fields())
    types +=
        fmt::format("{}{}:{}", types.empty() ? "" : " ", field->name(), field->type()->ToString());
  return types;
}

std::string row_text(const arrow::RecordBatch& batch, int64_t row) {
  std::string text;
  for (int i = 0; i < batch.num_columns(); ++i)
    text += (i == 0 ? "" : "|") + batch.column(i)->GetScalar(row).ValueOrDie()->ToString();
  return text;
}

/// Reads as a conversion does: once more where types became wider on the way.
Result<Read> read_all(RecordReader& reader) {
  for (;;) {
    Read read;
    std::shared_ptr<arrow::Schema> first;
    for (;;) {
      BOWSHOT_ASSIGN(const auto batch, reader.next());
      if (!batch) break;
      EXPECT_TRUE(batch->schema()->Equals(*reader.schema()));
      if (!first) first = batch->schema();
      for (int64_t row = 0; row < batch->num_rows(); ++row)
        read.rows.push_back(row_text(*batch, row));
    }
    read.types = types_of(*reader.schema());
    if (!first || first->Equals(*reader.schema())) return read;
    BOWSHOT_TRY(reader.rewind());
  }
}

class RecordReadersTest : public testing::Test {
 protected:
  using Rows = std::vector<std::string>;

  Result<std::unique_ptr<RecordReader>> open(const std::string& pattern, const StopToken& stop = {},
                                             ImportOptions options = {}) {
    BOWSHOT_ASSIGN(auto files, list_files(folder_ / pattern));
    const FileKind kind = format_of(files.front().path).kind;
    return open_record_reader(
        {.kind = kind, .files = std::move(files), .options = std::move(options)}, stop, &progress_);
  }
  Result<Read> read(const std::string& pattern, ImportOptions options = {}) {
    BOWSHOT_ASSIGN(const auto reader, open(pattern, {}, std::move(options)));
    return read_all(*reader);
  }
  Result<Read> read_json(const std::string& text, ImportOptions options = {}) {
    write_bytes(folder_ / "x.ndjson", text);
    return read("x.ndjson", std::move(options));
  }
  /// The detail of the error `bad_data` that reading ends with.
  std::string bad_data(const Result<Read>& outcome) {
    EXPECT_FALSE(outcome);
    if (outcome) return {};
    EXPECT_EQ(outcome.error().code, ErrorCode::kBadData);
    return outcome.error().detail;
  }
  void expect_says(const Result<Read>& outcome, std::initializer_list<std::string_view> parts) {
    const std::string detail = bad_data(outcome);
    for (const std::string_view part : parts)
      EXPECT_NE(detail.find(part), std::string::npos) << detail;
  }

  const TemporaryFolder folder_;
  ConversionProgress progress_;
};

// Newline-delimited JSON.

TEST_F(RecordReadersTest, JsonColumnsComeInOrderOfAppearance) {
  const auto table = read_json(
      "{\"b\": 1, \"a\": \"x\"}\n\n{\"a\": null, \"c\": [1, 2]}\r\n{\"b\": -7, \"d\": {\"e\": "
      "true}}");
  ASSERT_TRUE(table) << table.error().detail;
  EXPECT_EQ(table->types, "b:int64 a:string c:list<item: int64> d:struct<e: bool>");
  EXPECT_EQ(table->rows[0], "1|x|null|null");
  EXPECT_EQ(table->rows[1].substr(0, 10), "null|null|");
  EXPECT_EQ(table->rows.size(), 3U);
}

TEST_F(RecordReadersTest, JsonTypesGrowAcrossBlocks) {
  std::string text = "\xEF\xBB\xBF";  // a byte order mark is no part of a name
  constexpr int kRows = 60'000;       // 4.6 MB: more than two blocks
  for (int i = 0; i < kRows; ++i)
    text += fmt::format("{{\"n\": {}, \"filler\": \"{:040}\"}}\n", i, i);
  text += "{\"n\": 0.5, \"late\": \"2026-01-01\"}\n";
  const auto table = read_json(text);
  ASSERT_TRUE(table) << table.error().detail;
  EXPECT_EQ(table->types.substr(0, 9), "n:double ");
  ASSERT_EQ(table->rows.size(), kRows + 1U);
  EXPECT_EQ(table->rows[kRows - 1].substr(0, 6), "59999|");
  EXPECT_EQ(table->rows[kRows].substr(0, 9), "0.5|null|");
}

TEST_F(RecordReadersTest, JsonErrorsNameFileAndRow) {
  expect_says(read_json("{\"a\": 1}\n{\"a\": 2}\n{\"a\": \"x\"}\n"),
              {"'x.ndjson'", "row 3", "number", "string"});
  expect_says(read_json("{\"a\": 1}\n{\"a\": \n"), {"'x.ndjson'", "no JSON object"});
  expect_says(read_json("[1, 2]\n"), {"'x.ndjson'"});
  std::string text;  // in a later block the types before it are known
  for (int i = 0; i < 60'000; ++i) text += fmt::format("{{\"a\": 1, \"b\": \"{:040}\"}}\n", i);
  expect_says(read_json(text + "{\"a\": \"x\"}\n"),
              {"'x.ndjson'", "row 60001", "number", "string"});
}

TEST_F(RecordReadersTest, JsonTypesMayBeGiven) {
  const auto table =
      read_json("{\"a\": \"1\"}\n{\"a\": \"x\"}\n", {.types = {{"a", "utf8"}, {"b", "float64"}}});
  ASSERT_TRUE(table) << table.error().detail;
  EXPECT_EQ(table->types, "a:string b:double");
  EXPECT_EQ(table->rows, (Rows{"1|null", "x|null"}));
}

TEST_F(RecordReadersTest, AStopEndsAReader) {
  write_bytes(folder_ / "x.ndjson", "{\"a\": 1}\n");
  StopSource stop;
  const auto reader = open("x.ndjson", stop.token());
  ASSERT_TRUE(reader);
  stop.request_stop(StopReason::kShutdown);
  const auto batch = (*reader)->next();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::kNotReady);
}

TEST_F(RecordReadersTest, AFileThatChangesIsNoticed) {
  write_bytes(folder_ / "x.ndjson", "{\"a\": 1}\n");
  const auto reader = open("x.ndjson");
  ASSERT_TRUE(reader);
  ASSERT_TRUE(*(*reader)->next());
  write_bytes(folder_ / "x.ndjson", "{\"a\": 1}\n{\"a\": 2}\n");
  const auto unchanged = (*reader)->check_unchanged();
  ASSERT_FALSE(unchanged);
  EXPECT_EQ(unchanged.error().code, ErrorCode::kVersionChanged);
}

// Arrow.

std::shared_ptr<arrow::RecordBatch> numbers(int64_t first, int64_t rows) {
  arrow::Int64Builder builder;
  for (int64_t i = first; i < first + rows; ++i) EXPECT_TRUE(builder.Append(i).ok());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("n", arrow::int64())}), rows,
                                  {*builder.Finish()});
}

void write_arrow(const std::string& path, bool is_file, const arrow::RecordBatchVector& batches) {
  const auto sink = *arrow::io::FileOutputStream::Open(path);
  const auto schema = batches.front()->schema();
  const auto writer = is_file ? *arrow::ipc::MakeFileWriter(sink, schema)
                              : *arrow::ipc::MakeStreamWriter(sink, schema);
  for (const auto& batch : batches) ASSERT_TRUE(writer->WriteRecordBatch(*batch).ok());
  ASSERT_TRUE(writer->Close().ok());
  ASSERT_TRUE(sink->Close().ok());
}

TEST_F(RecordReadersTest, ArrowFilesAndStreamsAreToldApartByTheirBytes) {
  write_arrow(folder_ / "0.arrow", true, {numbers(0, 2), numbers(2, 1)});
  write_arrow(folder_ / "1.arrow", false, {numbers(3, 2)});
  const auto table = read("*.arrow");
  ASSERT_TRUE(table) << table.error().detail;
  EXPECT_EQ(table->types, "n:int64");
  EXPECT_EQ(table->rows, (Rows{"0", "1", "2", "3", "4"}));
}

TEST_F(RecordReadersTest, AnArrowReaderStartsAgain) {
  write_arrow(folder_ / "x.arrow", true, {numbers(0, 2), numbers(2, 2)});
  const auto reader = open("x.arrow");
  ASSERT_TRUE(reader);
  ASSERT_TRUE(*(*reader)->next());
  ASSERT_TRUE((*reader)->rewind());
  EXPECT_EQ(read_all(**reader)->rows, (Rows{"0", "1", "2", "3"}));
}

TEST_F(RecordReadersTest, ArrowErrorsNameTheFile) {
  write_arrow(folder_ / "0.arrow", true, {numbers(0, 100)});
  write_arrow(folder_ / "1.arrow", false,
              {numbers(0, 1)->RenameColumns(std::vector<std::string>{"m"}).ValueOrDie()});
  expect_says(read("*.arrow"), {"'1.arrow' has another schema than '0.arrow'"});

  const std::string whole = read_bytes(folder_ / "0.arrow");
  write_bytes(folder_ / "cut.arrow", whole.substr(0, whole.size() / 2));
  expect_says(read("cut.arrow"), {"'cut.arrow'"});
  write_arrow(folder_ / "stream.arrow", false, {numbers(0, 100), numbers(100, 100)});
  const std::string stream = read_bytes(folder_ / "stream.arrow");
  write_bytes(folder_ / "cut.arrow", stream.substr(0, stream.size() - 200));
  expect_says(read("cut.arrow"), {"'cut.arrow'"});
  write_bytes(folder_ / "cut.arrow", "");
  expect_says(read("cut.arrow"), {"'cut.arrow' is empty"});
  write_bytes(folder_ / "cut.arrow", "FEA1 and more");
  expect_says(read("cut.arrow"), {"Feather version 1"});
  write_bytes(folder_ / "cut.arrow", std::string(500, 'x'));
  expect_says(read("cut.arrow"), {"'cut.arrow'"});
}

// Tables of a DuckDB database.

void write_database(const std::string& path, std::initializer_list<const char*> statements) {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  ASSERT_EQ(duckdb_open(path.c_str(), &database), DuckDBSuccess);
  ASSERT_EQ(duckdb_connect(database, &connection), DuckDBSuccess);
  for (const char* const statement : statements) {
    duckdb_result result;
    ASSERT_EQ(duckdb_query(connection, statement, &result), DuckDBSuccess)
        << duckdb_result_error(&result);
    duckdb_destroy_result(&result);
  }
  duckdb_disconnect(&connection);
  duckdb_close(&database);
}

TEST_F(RecordReadersTest, TablesOfADatabaseInTheirOrder) {
  write_database(folder_ / "x.duckdb",
                 {"CREATE TABLE t AS SELECT 9999 - i AS n, 'v' || i AS v FROM range(10000) r(i)",
                  "CREATE SCHEMA other", "CREATE TABLE other.\"odd \"\" name\" (d DECIMAL(9, 2))",
                  "INSERT INTO other.\"odd \"\" name\" VALUES (1.25), (NULL)"});
  const auto files = *list_files(folder_ / "x.duckdb");
  const auto tables = list_duckdb_tables(files.front());
  ASSERT_TRUE(tables) << tables.error().detail;
  ASSERT_EQ(tables->size(), 2U);
  EXPECT_EQ((*tables)[0].dataset_suffix(), "t");
  EXPECT_EQ((*tables)[1].dataset_suffix(), "other.odd \" name");

  const auto rows_of = [&](const DuckDbTable& table) {
    const auto reader = open_record_reader(
        {.kind = FileKind::kDuckDb, .files = files, .table = table, .options = {}}, {}, &progress_);
    EXPECT_TRUE(reader) << reader.error().detail;
    return *read_all(**reader);
  };
  const Read t = rows_of((*tables)[0]);
  EXPECT_EQ(t.types, "n:int64 v:string");
  ASSERT_EQ(t.rows.size(), 10'000U);
  EXPECT_EQ(t.rows[0], "9999|v0");
  EXPECT_EQ(t.rows[9'999], "0|v9999");
  EXPECT_EQ(rows_of((*tables)[1]).rows, (Rows{"1.25", "null"}));
}

TEST_F(RecordReadersTest, WhatIsNoDatabaseIsBadData) {
  write_bytes(folder_ / "x.duckdb", "not a database, but long enough to be looked at");
  const auto tables = list_duckdb_tables(list_files(folder_ / "x.duckdb")->front());
  ASSERT_FALSE(tables);
  EXPECT_EQ(tables.error().code, ErrorCode::kBadData);
  EXPECT_NE(tables.error().detail.find("'x.duckdb'"), std::string::npos) << tables.error().detail;
  EXPECT_EQ(tables.error().detail.find(folder_.path()), std::string::npos) << "no paths";
  write_database(folder_ / "empty.duckdb", {"SELECT 1"});
  const auto none = list_duckdb_tables(list_files(folder_ / "empty.duckdb")->front());
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().detail.find("has no tables"), std::string::npos) << none.error().detail;
}

}  // namespace
}  // namespace bowshot
