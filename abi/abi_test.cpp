#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/c/abi.h>
#include <arrow/c/bridge.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <thread>

#include "bowshot.h"
#include "source/test_files.hpp"

extern "C" int32_t abi_version_seen_by_c(void);

namespace bowshot {
namespace {

constexpr int64_t kRows = 200'000;

std::shared_ptr<arrow::Table> numbers(int64_t rows) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < rows; ++i) EXPECT_TRUE(builder.Append(i).ok());
  return arrow::Table::Make(arrow::schema({arrow::field("x", arrow::int64())}),
                            {*builder.Finish()});
}

/// A text that the library handed out, or none.
std::string take_text(char* text) {
  std::string taken = text != nullptr ? text : "";
  bowshot_free(text);
  return taken;
}

std::string code_of(const std::string& problem) {
  return std::string(boost::json::parse(problem).as_object().at("code").as_string());
}

class Abi : public testing::Test {
 protected:
  Abi() {
    write_parquet(*numbers(kRows), folder_ / "numbers.parquet", {.group_rows = 50'000});
    char* problem = nullptr;
    core_ = bowshot_open(fmt::format("[server]\nallow_publish = true\ncache_directory = \"{}\"\n"
                                     "[limits]\nbody_bytes = 100000\n"
                                     "[datasets.numbers]\npath = \"{}\"\n",
                                     folder_ / "cache", folder_ / "numbers.parquet")
                             .c_str(),
                         &problem);
    EXPECT_NE(core_, nullptr) << take_text(problem);
  }
  ~Abi() override { bowshot_close(core_); }

  struct Table {
    std::vector<int64_t> values;
    std::string facts;
    std::string problem;
    arrow::Status status;
  };
  Table query(const std::string& request, bowshot_stop* stop = nullptr) {
    Table table;
    ArrowArrayStream stream{};
    char *facts = nullptr, *problem = nullptr;
    if (bowshot_query(core_, request.c_str(), stop, &stream, &facts, &problem) != 0) {
      EXPECT_EQ(stream.release, nullptr);
      table.problem = take_text(problem);
      return table;
    }
    table.facts = take_text(facts);
    const auto reader = arrow::ImportRecordBatchReader(&stream).ValueOrDie();
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      table.status = reader->ReadNext(&batch);
      if (!table.status.ok() || !batch) return table;
      const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
      table.values.insert(table.values.end(), column.raw_values(),
                          column.raw_values() + column.length());
    }
  }

  struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string body;
    bool is_whole = false;
  };
  static Answer take(bowshot_answer* answer) {
    Answer taken{.status = bowshot_answer_status(answer)};
    for (const char* const* field = bowshot_answer_headers(answer); *field != nullptr; field += 2)
      taken.headers[field[0]] = field[1];
    const char* bytes = nullptr;
    int64_t count = 0;
    while ((count = bowshot_answer_next(answer, &bytes)) > 0)
      taken.body.append(bytes, static_cast<size_t>(count));
    taken.is_whole = count == 0;
    bowshot_answer_free(answer);
    return taken;
  }
  Answer ask(const char* method, const std::string& target, const std::string& body = {},
             std::vector<const char*> headers = {}) {
    headers.push_back(nullptr);
    std::string_view left = body;
    const bowshot_read_body read = [](void* context, char* buffer, size_t size) -> int64_t {
      auto& rest = *static_cast<std::string_view*>(context);
      const size_t count = rest.copy(buffer, size);
      rest.remove_prefix(count);
      return static_cast<int64_t>(count);
    };
    const bowshot_request request{.method = method,
                                  .target = target.c_str(),
                                  .headers = headers.data(),
                                  .read_body = body.empty() ? nullptr : read,
                                  .read_context = &left};
    return take(bowshot_handle(core_, &request));
  }

  TemporaryFolder folder_;
  bowshot_core* core_ = nullptr;
};

TEST_F(Abi, HasAVersion) {
  EXPECT_EQ(abi_version_seen_by_c(), BOWSHOT_ABI_VERSION);
  EXPECT_NE(std::string(bowshot_version()), "");
}

TEST_F(Abi, ConfigurationsThatAreWrongSayWhere) {
  char* problem = nullptr;
  EXPECT_EQ(bowshot_open("[datasets.x]\npaht = \"y\"\n", &problem), nullptr);
  const std::string text = take_text(problem);
  EXPECT_EQ(code_of(text), "bad_parameter");
  EXPECT_NE(text.find("the configuration:2"), std::string::npos) << text;
  EXPECT_EQ(bowshot_open("[datasets.x]\npath = \"/nowhere/y.parquet\"\n", nullptr), nullptr);
}

TEST_F(Abi, TablesCrossWithTheirFacts) {
  const Table table = query(R"({"dataset": "numbers", "shape": "rows", "filter": "x >= 150000"})");
  ASSERT_TRUE(table.status.ok()) << table.status.ToString();
  ASSERT_EQ(table.values.size(), 50'000U);
  EXPECT_EQ(table.values.front(), 150'000);
  EXPECT_EQ(table.values.back(), kRows - 1);
  const auto facts = boost::json::parse(table.facts).as_object();
  EXPECT_EQ(facts.at("completeness"), "exact");
  EXPECT_FALSE(facts.at("version").as_string().empty());
  const Table window =
      query(R"({"dataset": "numbers", "shape": "rows", "offset": 123456, "limit": 2})");
  EXPECT_EQ(window.values, (std::vector<int64_t>{123'456, 123'457}));
  EXPECT_EQ(boost::json::parse(window.facts).as_object().at("total_rows"), kRows);
}

TEST_F(Abi, ErrorsAreProblems) {
  const Table table = query(R"({"dataset": "numbers", "shape": "rows", "filter": "y > 1"})");
  EXPECT_EQ(code_of(table.problem), "unknown_column");
  EXPECT_EQ(code_of(query("{").problem), "bad_json");
  EXPECT_EQ(code_of(query(R"({"dataset": "no", "shape": "rows"})").problem), "unknown_dataset");
}

TEST_F(Abi, StreamsThatAreReleasedEarlyFreeTheirSlots) {
  for (int i = 0; i < 200; ++i) {  // more than there are slots
    ArrowArrayStream stream{};
    ASSERT_EQ(bowshot_query(core_, R"({"dataset": "numbers", "shape": "rows"})", nullptr, &stream,
                            nullptr, nullptr),
              0);
    stream.release(&stream);
  }
}

TEST_F(Abi, AStopEndsWhatItWasGivenTo) {
  bowshot_stop* const stop = bowshot_stop_make();
  bowshot_stop_request(stop);
  EXPECT_EQ(code_of(query(R"({"dataset": "numbers", "shape": "rows"})", stop).problem),
            "cancelled");
  bowshot_stop_free(stop);
}

TEST_F(Abi, PublishedTablesAreThere) {
  ArrowArrayStream stream{};
  const auto table = numbers(1'000);
  ASSERT_TRUE(
      arrow::ExportRecordBatchReader(std::make_shared<arrow::TableBatchReader>(table), &stream)
          .ok());
  char* problem = nullptr;
  ASSERT_EQ(bowshot_publish(core_, "mine", &stream, nullptr, &problem), 0) << take_text(problem);
  EXPECT_EQ(stream.release, nullptr);
  EXPECT_EQ(query(R"({"dataset": "mine", "shape": "rows"})").values.size(), 1'000U);

  ASSERT_TRUE(
      arrow::ExportRecordBatchReader(std::make_shared<arrow::TableBatchReader>(table), &stream)
          .ok());
  EXPECT_EQ(bowshot_publish(core_, "numbers", &stream, nullptr, &problem), -1);
  EXPECT_EQ(code_of(take_text(problem)), "read_only_dataset");
  EXPECT_EQ(stream.release, nullptr);
}

TEST_F(Abi, TheProtocolIsAnsweredAsOverHttp) {
  const Answer rows = ask("GET", "/v1/datasets/numbers/rows?offset=5&limit=1&format=json");
  EXPECT_EQ(rows.status, 200);
  EXPECT_TRUE(rows.is_whole);
  EXPECT_NE(rows.body.find('5'), std::string::npos) << rows.body;
  EXPECT_EQ(rows.headers.at("Content-Length"), std::to_string(rows.body.size()));

  const Answer head = ask("HEAD", "/v1/datasets/numbers/rows");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_TRUE(head.is_whole);
  EXPECT_EQ(ask("GET", "/v1/datasets/numbers/rows", {},
                {"If-None-Match", rows.headers.at("ETag").c_str()})
                .status,
            200);
  EXPECT_EQ(ask("GET", "/v1/datasets/numbers/rows?offset=5&limit=1&format=json", {},
                {"if-none-match", rows.headers.at("ETag").c_str()})
                .status,
            304);
  EXPECT_EQ(code_of(ask("GET", "/v1/nothing").body), "unknown_path");
  EXPECT_EQ(ask("GET", "/v1/datasets", {}, {"Origin", "https://any.example.org"}).status, 200);
}

TEST_F(Abi, FilesAreServedWithRanges) {
  const Answer listed = ask("GET", "/v1/datasets/numbers/files");
  ASSERT_EQ(listed.status, 200) << listed.body;
  const auto document = boost::json::parse(listed.body).as_object();
  const auto& file = document.at("files").as_array().at(0).as_object();
  const std::string url(file.at("url").as_string());
  const Answer end = ask("GET", url, {}, {"Range", "bytes=-4"});
  EXPECT_EQ(end.status, 206);
  EXPECT_EQ(end.body, "PAR1");
  EXPECT_EQ(static_cast<int64_t>(ask("GET", url).body.size()), file.at("bytes").as_int64());
}

TEST_F(Abi, BodiesComeInPiecesAndLongOnesBroken) {
  const std::string request = R"({"dataset": "numbers", "shape": "rows"})";
  const Answer all = ask("POST", "/v1/query", request, {"Content-Type", "application/json"});
  ASSERT_EQ(all.status, 200) << all.body;
  EXPECT_TRUE(all.is_whole);
  const auto reader =
      arrow::ipc::RecordBatchStreamReader::Open(
          std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(all.body)))
          .ValueOrDie();
  EXPECT_EQ(reader->ToTable().ValueOrDie()->num_rows(), kRows);

  const Answer long_one = ask("POST", "/v1/query", std::string(200'000, ' ') + request,
                              {"Content-Type", "application/json"});
  EXPECT_EQ(long_one.status, 413);
  EXPECT_EQ(code_of(long_one.body), "body_too_large");
}

TEST_F(Abi, AnAnswerThatIsStoppedIsBrokenOff) {
  const bowshot_request request{.method = "GET",
                                .target = "/v1/datasets/numbers/rows?format=ndjson",
                                .headers = nullptr,
                                .read_body = nullptr,
                                .read_context = nullptr};
  bowshot_answer* const answer = bowshot_handle(core_, &request);
  EXPECT_EQ(bowshot_answer_status(answer), 200);
  bowshot_answer_stop(answer);
  const Answer taken = take(answer);
  // What was made before the stop is taken; a body of 200,000 lines fits into the queue whole.
  EXPECT_TRUE(taken.is_whole == (std::ranges::count(taken.body, '\n') == kRows));
}

struct Encoded {
  std::string problem;
  std::string media_type;
  std::string coding;
  int64_t length = -1;
  std::string bytes;
  std::string last;
  bool is_whole = false;
};

/// `batches` as one body.
Encoded encode(const std::shared_ptr<arrow::RecordBatchReader>& batches, const char* format,
               const char* accept = nullptr, const char* accept_encoding = nullptr) {
  ArrowArrayStream stream{};
  EXPECT_TRUE(arrow::ExportRecordBatchReader(batches, &stream).ok());
  char* problem = nullptr;
  bowshot_body* const body =
      bowshot_encode(&stream, format, accept, accept_encoding, nullptr, &problem);
  EXPECT_EQ(stream.release, nullptr);
  if (body == nullptr) return {.problem = take_text(problem)};
  Encoded encoded{.media_type = bowshot_body_media_type(body),
                  .coding = bowshot_body_coding(body),
                  .length = bowshot_body_length(body)};
  const char* bytes = nullptr;
  int64_t count = 0, last = 0;
  while ((count = bowshot_body_next(body, &bytes, &last, &problem)) > 0)
    encoded.bytes.append(bytes, static_cast<size_t>(count));
  encoded.is_whole = count == 0;
  if (count < 0) {
    encoded.last.assign(bytes, static_cast<size_t>(last));
    encoded.problem = take_text(problem);
  }
  bowshot_body_free(body);
  return encoded;
}

TEST(AbiEncode, TablesAreTheBytesOfAnAnswer) {
  const auto table = numbers(kRows);
  const auto reader = [&] { return std::make_shared<arrow::TableBatchReader>(table); };
  const Encoded arrow = encode(reader(), "arrow");
  EXPECT_TRUE(arrow.is_whole);
  EXPECT_EQ(arrow.media_type, "application/vnd.apache.arrow.stream");
  EXPECT_EQ(arrow.coding, "identity");
  const auto decoded =
      arrow::ipc::RecordBatchStreamReader::Open(
          std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(arrow.bytes)))
          .ValueOrDie();
  std::shared_ptr<arrow::RecordBatch> first;
  ASSERT_TRUE(decoded->ReadNext(&first).ok());
  EXPECT_LE(first->num_rows(), 4'096);  // the first rows soon
  EXPECT_EQ(first->num_rows() + decoded->ToTable().ValueOrDie()->num_rows(), kRows);

  EXPECT_EQ(encode(reader(), "parquet").bytes.substr(0, 4), "PAR1");
  const Encoded csv = encode(reader(), nullptr, "text/csv", "gzip");
  EXPECT_EQ(csv.media_type, "text/csv; charset=utf-8");
  EXPECT_EQ(csv.coding, "gzip");
  const Encoded small = encode(std::make_shared<arrow::TableBatchReader>(table->Slice(0, 2)),
                               nullptr, "application/json", "gzip");
  EXPECT_EQ(small.coding, "identity");
  const auto json = boost::json::parse(small.bytes).as_object();
  EXPECT_EQ(json.at("rows"), boost::json::parse("[[0],[1]]"));
}

TEST(AbiEncode, WhatCannotBeSentIsAProblem) {
  const auto reader = [] { return std::make_shared<arrow::TableBatchReader>(numbers(1)); };
  EXPECT_EQ(code_of(encode(reader(), "xlsx").problem), "bad_parameter");
  EXPECT_EQ(code_of(encode(reader(), nullptr, "image/png").problem), "not_acceptable");
}

/// Two batches, then an error.
class FailingReader : public arrow::RecordBatchReader {
 public:
  std::shared_ptr<arrow::Schema> schema() const override { return batch_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (++read_ > 2) return arrow::Status::IOError("the source is gone");
    *batch = batch_;
    return arrow::Status::OK();
  }

 private:
  const std::shared_ptr<arrow::RecordBatch> batch_ =
      numbers(10'000)->CombineChunksToBatch().ValueOrDie();
  int read_ = 0;
};

TEST(AbiEncode, ATableThatFailsEndsAsTheProtocolSays) {
  const Encoded arrow = encode(std::make_shared<FailingReader>(), "arrow");
  EXPECT_FALSE(arrow.is_whole);
  EXPECT_NE(arrow.problem.find("the source is gone"), std::string::npos) << arrow.problem;
  EXPECT_EQ(arrow.last.substr(0, 4), "\xff\xff\xff\xff");
  const auto decoded = arrow::ipc::RecordBatchStreamReader::Open(
                           std::make_shared<arrow::io::BufferReader>(
                               arrow::Buffer::FromString(arrow.bytes + arrow.last)))
                           .ValueOrDie();
  EXPECT_FALSE(decoded->ToTable().ok());
}

TEST_F(Abi, ManyThreadsAskAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        const int64_t offset = (int64_t{i} * 20 + round) * 1'000;
        const Table table = query(fmt::format(
            R"({{"dataset": "numbers", "shape": "rows", "offset": {}, "limit": 1}})", offset));
        EXPECT_EQ(table.values, std::vector<int64_t>{offset});
      }
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace bowshot
