#include "source/memory_table.hpp"

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include <random>

#include "base/limits.hpp"

namespace bowshot {
namespace {

using Table = std::shared_ptr<const MemoryTable>;
constexpr int64_t kBytesMax = int64_t{1} << 30;

std::shared_ptr<arrow::Array> from_json(const std::shared_ptr<arrow::DataType>& type,
                                        const std::string& values) {
  return arrow::json::ArrayFromJSONString(type, values).ValueOrDie();
}

Result<Table> keep(const std::vector<arrow::ArrayVector>& batches, int64_t bytes_max = kBytesMax) {
  arrow::FieldVector fields;
  for (const auto& column : batches.at(0))
    fields.push_back(arrow::field("c" + std::to_string(fields.size()), column->type()));
  const auto schema = arrow::schema(std::move(fields));
  arrow::RecordBatchVector made;
  for (const auto& columns : batches)
    made.push_back(arrow::RecordBatch::Make(schema, columns.at(0)->length(), columns));
  auto reader = arrow::RecordBatchReader::Make(made, schema).ValueOrDie();
  BOWSHOT_ASSIGN(const auto body,
                 TableBody::make(std::move(reader), StopToken(), /*keeps_views=*/true));
  return MemoryTable::make(*body, bytes_max);
}

std::shared_ptr<arrow::Array> numbers(int64_t first, int64_t count) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < count; ++i) EXPECT_TRUE(builder.Append(first + i).ok());
  return builder.Finish().ValueOrDie();
}

/// A column as a whole.
std::shared_ptr<arrow::Array> column_of(const MemoryTable& table, int column) {
  std::vector<int64_t> rows(static_cast<size_t>(table.rows()));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);
  return table.take({{column}}, rows).value().at(0);
}

TEST(MemoryTable, SharesTheBuffersItIsGiven) {
  const auto values = numbers(0, 3 * kBatchRowsMax + 5);
  const Table table = keep({{values}}).value();
  EXPECT_EQ(table->rows(), values->length());
  EXPECT_EQ(table->bytes(), values->data()->buffers[1]->size());  // once, not once a batch
  const int64_t row = kBatchRowsMax + 7;
  const auto slice = table->slice(0, row, row + 10);
  EXPECT_EQ(slice->data()->buffers[1]->address(), values->data()->buffers[1]->address());
  EXPECT_TRUE(slice->Equals(*values->Slice(row, 10)));
  EXPECT_EQ(table->batch_end(row), 2 * kBatchRowsMax);
  EXPECT_EQ(table->batch_end(table->rows() - 1), table->rows());
}

TEST(MemoryTable, KeepsLargeTextAndViewsWithoutCopyingTheirBytes) {
  arrow::LargeStringBuilder large;
  arrow::StringViewBuilder views;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = "a text that is longer than twelve bytes " + std::to_string(i);
    ASSERT_TRUE(large.Append(text).ok());
    ASSERT_TRUE((i % 5 ? views.Append(text) : views.AppendNull()).ok());
  }
  const auto texts = large.Finish().ValueOrDie();
  const auto viewed = views.Finish().ValueOrDie();
  const Table table = keep({{texts->Slice(10'000), viewed->Slice(10'000)}}).value();
  EXPECT_TRUE(table->schema()->field(0)->type()->Equals(arrow::utf8()));
  EXPECT_TRUE(table->schema()->field(1)->type()->Equals(arrow::utf8()));
  const auto kept = table->slice(0, 0, 10'000);
  const auto& own = *texts->data()->buffers[2];
  EXPECT_GE(kept->data()->buffers[2]->address(), own.address());
  EXPECT_LT(kept->data()->buffers[2]->address(), own.address() + own.size());
  EXPECT_EQ(table->slice(1, 0, 1)->type_id(), arrow::Type::STRING_VIEW);
  const auto taken = table->take({{0, 1}}, {{9'999, 3, 5}}).value();
  const auto expected = [](int i) {
    return "\"a text that is longer than twelve bytes " + std::to_string(10'000 + i) + "\"";
  };
  const std::string whole = "[" + expected(9'999) + "," + expected(3) + "," + expected(5) + "]";
  EXPECT_TRUE(taken[0]->Equals(*from_json(arrow::utf8(), whole)));
  const std::string with_null = "[" + expected(9'999) + "," + expected(3) + ",null]";
  EXPECT_TRUE(taken[1]->Equals(*from_json(arrow::utf8(), with_null)));
}

TEST(MemoryTable, JoinsBatchesOfFewRows) {
  std::vector<arrow::ArrayVector> batches;
  for (int i = 0; i < 1'000; ++i) batches.push_back({numbers(i * 100, 100)});
  batches.push_back({numbers(100'000, 20'000)});
  batches.push_back({numbers(120'000, 1)});
  const Table table = keep(batches).value();
  EXPECT_EQ(table->rows(), 120'001);
  EXPECT_GE(table->batch_end(0), kBatchRowsMax - 100);
  EXPECT_EQ(table->batch_end(100'000), 120'000);
  EXPECT_TRUE(column_of(*table, 0)->Equals(*numbers(0, 120'001)));
}

TEST(MemoryTable, MakesOneDictionaryOfThoseOfItsBatches) {
  const auto type = arrow::dictionary(arrow::uint8(), arrow::large_utf8());
  const auto codes = [&](const std::string& indices, const std::string& values) {
    return arrow::DictionaryArray::FromArrays(type, from_json(arrow::uint8(), indices),
                                              from_json(arrow::large_utf8(), values))
        .ValueOrDie();
  };
  const Table table = keep({{codes("[0, 1, null, 2]", R"(["a", "b", null])")},
                            {codes("[0, 1, 1]", R"(["b", "c"])")}})
                          .value();
  EXPECT_TRUE(
      table->dictionary(0)->values()->Equals(*from_json(arrow::utf8(), R"(["a","b","c"])")));
  const auto column = column_of(*table, 0);
  EXPECT_TRUE(column->type()->Equals(arrow::dictionary(arrow::int32(), arrow::utf8())));
  EXPECT_TRUE(static_cast<const arrow::DictionaryArray&>(*column).indices()->Equals(
      *from_json(arrow::int32(), "[0, 1, null, null, 1, 2, 2]")));
}

TEST(MemoryTable, TakesRowsInAnyOrderFromAnyBatch) {
  const auto values = numbers(0, 3 * kBatchRowsMax);
  const Table table = keep({{values}}).value();
  std::mt19937_64 random(1);
  std::vector<int64_t> rows(5'000);
  for (int64_t& row : rows) row = static_cast<int64_t>(random() % (3 * kBatchRowsMax));
  const auto taken = table->take({{0}}, rows).value()[0];
  const auto& actual = static_cast<const arrow::Int64Array&>(*taken);
  ASSERT_EQ(actual.length(), 5'000);
  for (size_t i = 0; i < rows.size(); ++i)
    ASSERT_EQ(actual.Value(static_cast<int64_t>(i)), rows[i]);
  EXPECT_EQ(table->take({{0}}, {}).value()[0]->length(), 0);
}

TEST(MemoryTable, SlicesLists) {
  arrow::LargeListBuilder lists(arrow::default_memory_pool(),
                                std::make_shared<arrow::Int32Builder>());
  auto& items = static_cast<arrow::Int32Builder&>(*lists.value_builder());
  for (int i = 0; i < 70'000; ++i) {
    ASSERT_TRUE((i % 7 ? lists.Append() : lists.AppendNull()).ok());
    for (int k = 0; k < i % 7 % 4; ++k) ASSERT_TRUE(items.Append(i).ok());
  }
  const auto column = lists.Finish().ValueOrDie();
  const Table table = keep({{column}}).value();
  const auto tail = table->slice(0, 69'990, 69'993);
  EXPECT_TRUE(
      tail->Equals(*from_json(arrow::list(arrow::int32()), "[[], [69991], [69992, 69992]]")))
      << tail->ToString();
}

TEST(MemoryTable, RefusesWhatItCannotKeep) {
  EXPECT_EQ(keep({{numbers(0, 1'000)}}, 7'999).value(), nullptr);
  EXPECT_NE(keep({{numbers(0, 1'000)}}, 64 << 10).value(), nullptr);
  arrow::StringBuilder text;
  ASSERT_TRUE(text.Append("\xff\xfe").ok());
  const auto refused = keep({{text.Finish().ValueOrDie()}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kBadData);
  EXPECT_EQ(refused.error().detail, "column \"c0\" holds text that is not UTF-8");
  arrow::StringViewBuilder view;
  ASSERT_TRUE(view.Append("\xff").ok());
  EXPECT_FALSE(keep({{view.Finish().ValueOrDie()}}).has_value());
}

TEST(MemoryTable, IsFoundByItsNumberWhileItIsThere) {
  Table table = keep({{numbers(0, 3)}}).value();
  const int64_t id = table->id();
  EXPECT_EQ(MemoryTable::find(id), table);
  EXPECT_NE(keep({{numbers(0, 3)}}).value()->id(), id);
  table.reset();
  EXPECT_EQ(MemoryTable::find(id), nullptr);
}

}  // namespace
}  // namespace bowshot
