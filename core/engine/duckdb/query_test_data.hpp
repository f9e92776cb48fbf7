#pragma once

// For tests only: small Parquet files, plans written as a request is, and answers as JSON.

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/duckdb_engine.hpp"
#include "query/binder.hpp"
#include "query/cql2.hpp"
#include "source/memory_table.hpp"

namespace bowshot {

/// A folder that goes away with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "bowshot_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline void write_parquet(const std::shared_ptr<arrow::Table>& table, const std::string& path,
                          int64_t group_rows = 1 << 20, bool has_dictionaries = true) {
  auto file = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  parquet::WriterProperties::Builder properties;
  if (!has_dictionaries) properties.disable_dictionary();
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), file, group_rows,
                                         properties.build(), arrow_properties)
                  .ok());
  ASSERT_TRUE(file->Close().ok());
}

struct TestColumn {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  std::string values;  // a JSON list
};

inline std::shared_ptr<arrow::Table> make_table(const std::vector<TestColumn>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const TestColumn& column : columns) {
    fields.push_back(arrow::field(column.name, column.type));
    arrays.push_back(arrow::json::ArrayFromJSONString(column.type, column.values).ValueOrDie());
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), arrays);
}

/// A request as it is written in a URL.
struct TestRequest {
  std::string filter;
  std::string compute;
  std::string select;
  std::string by;
  std::string measures;  // not empty: an aggregate
  std::string order;
  int64_t offset = 0;
  std::optional<int64_t> limit;
};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error("unexpected error: " + result.error().detail);
  return *std::move(result);
}

/// The plan that shape/ would make; engine/ cannot name it, for it comes later on the data's way.
inline std::shared_ptr<const Plan> test_plan(const std::shared_ptr<const Dataset>& dataset,
                                             const TestRequest& request) {
  const Limits limits;
  auto plan = std::make_shared<Plan>();
  plan->dataset = dataset;
  Binder binder(dataset->schema(), true);
  if (!request.compute.empty()) {
    auto added = binder.add_computed(must(parse_compute_list(request.compute, limits)));
    if (!added) throw std::runtime_error(added.error().detail);
  }
  plan->computed = binder.computed();
  if (!request.filter.empty())
    plan->filter = must(binder.bind_filter(must(parse_cql2(request.filter, limits))));
  plan->offset = request.offset;
  plan->limit = request.limit;
  arrow::FieldVector fields;
  if (!request.measures.empty()) {
    plan->kind = Plan::Kind::kAggregate;
    if (!request.by.empty())
      for (const Item& item : must(parse_function_list(request.by, limits))) {
        plan->keys.push_back(must(binder.bind_key(item)));
        fields.push_back(arrow::field(plan->keys.back().name, plan->keys.back().expression->type));
      }
    for (const Item& item : must(parse_function_list(request.measures, limits))) {
      plan->measures.push_back(must(binder.bind_measure(item)));
      fields.push_back(arrow::field(plan->measures.back().name, plan->measures.back().type));
    }
  } else {
    for (const Item& item : must(parse_name_list(request.select, limits))) {
      plan->select.push_back({item.name, must(binder.bind_name(item.name, item.quoted, 0))});
      fields.push_back(arrow::field(item.name, plan->select.back().expression->type));
    }
  }
  plan->schema = arrow::schema(fields);
  if (!request.order.empty())
    for (const Item& item : must(parse_order_list(request.order, limits))) {
      OrderItem order{.descending = item.descending};
      if (plan->kind == Plan::Kind::kAggregate)
        order.output = plan->schema->GetFieldIndex(item.name);
      else
        order.expression = must(binder.bind_name(item.name, item.quoted, 0));
      plan->order.push_back(order);
    }
  return plan;
}

/// Every row of a stream; its schema must be the plan's.
inline Result<std::shared_ptr<arrow::Table>> drain(BatchStream& stream) {
  arrow::RecordBatchVector batches;
  for (;;) {
    BOWSHOT_ASSIGN(auto batch, stream.next());
    if (!batch) break;
    EXPECT_GT(batch->num_rows(), 0);
    EXPECT_TRUE(batch->schema()->Equals(*stream.schema(), true));
    EXPECT_TRUE(batch->ValidateFull().ok());
    batches.push_back(std::move(batch));
  }
  return arrow::Table::FromRecordBatches(stream.schema(), batches).ValueOrDie();
}

/// A dataset over files written by the test, and an engine. With BOWSHOT_TEST_IN_MEMORY in the
/// environment: over tables in memory.
class DuckDbTest : public testing::Test {
 protected:
  // Not static storage: DuckDB's own thread-local state is gone before such are destroyed.
  static void SetUpTestSuite() {
    engine_ = must(DuckDbEngine::make({.memory_bytes = int64_t{1} << 30, .threads = 2}, nullptr));
  }
  static void TearDownTestSuite() { engine_.reset(); }
  static DuckDbEngine& engine() { return *engine_; }

  void open(const std::vector<std::shared_ptr<arrow::Table>>& tables,
            int64_t group_rows = 1 << 20) {
    std::vector<std::string> paths;
    for (const auto& table : tables) {
      paths.push_back(folder_.file(std::to_string(file_count_++) + ".parquet"));
      write_parquet(table, paths.back(), group_rows);
    }
    dataset_ = must(Dataset::make("test", paths));
    if (std::getenv("BOWSHOT_TEST_IN_MEMORY")) keep(paths);
  }
  void open(const std::vector<TestColumn>& columns) { open({make_table(columns)}); }

  /// What the files hold as a table in memory.
  void keep(const std::vector<std::string>& paths) {
    std::vector<std::shared_ptr<arrow::Table>> tables;
    for (const std::string& path : paths) {
      auto file = arrow::io::ReadableFile::Open(path).ValueOrDie();
      auto reader = parquet::arrow::OpenFile(file, arrow::default_memory_pool()).ValueOrDie();
      tables.push_back(reader->ReadTable().ValueOrDie());
    }
    const auto table = arrow::ConcatenateTables(tables).ValueOrDie();
    const auto body = must(TableBody::make(std::make_shared<arrow::TableBatchReader>(table),
                                           StopToken(), /*keeps_views=*/true));
    dataset_ = must(Dataset::make("test", must(MemoryTable::make(*body, int64_t{1} << 30))));
  }

  Result<std::shared_ptr<arrow::Table>> try_run(const TestRequest& request) {
    BOWSHOT_ASSIGN(auto stream, engine().run(test_plan(dataset_, request), StopToken()));
    return drain(*stream);
  }

  ErrorCode error_of(const TestRequest& request) {
    auto result = try_run(request);
    EXPECT_FALSE(result.has_value());
    return result ? ErrorCode::kInternal : result.error().code;
  }

  /// Column `column` of the answer must be the JSON list `values` of the answer's type.
  void expect(const TestRequest& request, const std::vector<std::string>& values) {
    auto result = try_run(request);
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    ASSERT_EQ((*result)->num_columns(), static_cast<int>(values.size()));
    for (int i = 0; i < (*result)->num_columns(); ++i) {
      const auto actual = combined(*(*result)->column(i));
      auto expected = arrow::json::ArrayFromJSONString(plain_type(*actual->type()),
                                                       values[static_cast<size_t>(i)])
                          .ValueOrDie();
      const auto plain = actual->type_id() == arrow::Type::DICTIONARY ? decoded(*actual) : actual;
      EXPECT_TRUE(plain->Equals(*expected, arrow::EqualOptions::Defaults().nans_equal(true)))
          << (*result)->field(i)->ToString() << "\nactual " << plain->ToString() << "\nexpected "
          << expected->ToString();
    }
  }

  /// The filter keeps the rows whose numbers are the JSON list `rows`.
  void expect_rows(const std::string& filter, const std::string& rows) {
    SCOPED_TRACE(filter);
    expect({.filter = filter, .select = "_row"}, {rows});
  }

  /// The computed expression has these values and this type.
  void expect_values(const std::string& expression, const std::shared_ptr<arrow::DataType>& type,
                     const std::string& values) {
    SCOPED_TRACE(expression);
    const TestRequest request{.compute = "result_:" + expression, .select = "result_"};
    auto result = try_run(request);
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    EXPECT_TRUE((*result)->field(0)->type()->Equals(*type)) << (*result)->field(0)->ToString();
    expect(request, {values});
  }

  static std::shared_ptr<arrow::Array> combined(const arrow::ChunkedArray& column) {
    if (column.num_chunks() == 0) return arrow::MakeEmptyArray(column.type()).ValueOrDie();
    return arrow::Concatenate(column.chunks()).ValueOrDie();
  }

  static std::shared_ptr<arrow::DataType> plain_type(const arrow::DataType& type) {
    if (type.id() == arrow::Type::DICTIONARY) return arrow::utf8();
    return type.GetSharedPtr();
  }

  static std::shared_ptr<arrow::Array> decoded(const arrow::Array& array) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
    arrow::StringBuilder builder;
    for (int64_t i = 0; i < encoded.length(); ++i) {
      if (encoded.IsNull(i)) {
        EXPECT_TRUE(builder.AppendNull().ok());
      } else {
        const auto& values = static_cast<const arrow::StringArray&>(*encoded.dictionary());
        EXPECT_TRUE(builder.Append(values.GetView(encoded.GetValueIndex(i))).ok());
      }
    }
    return builder.Finish().ValueOrDie();
  }

  inline static std::unique_ptr<DuckDbEngine> engine_;
  TestFolder folder_;
  int file_count_ = 0;
  std::shared_ptr<const Dataset> dataset_;
};

}  // namespace bowshot
