#pragma once

// For tests only: a small dataset of awkward columns, and plans made from URL queries.

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "query/request.hpp"
#include "shape/shapes.hpp"
#include "source/test_files.hpp"

namespace bowshot {

/// Five rows: id (never null), a and A, x, tags (a list), place (a struct), kind (a dictionary),
/// and a column that is called `_row`.
inline std::shared_ptr<arrow::Table> awkward_table() {
  const auto array = [](const std::shared_ptr<arrow::DataType>& type) {
    return arrow::MakeArrayOfNull(type, 5).ValueOrDie();
  };
  arrow::Int64Builder ids;
  EXPECT_TRUE(ids.AppendValues({1, 2, 3, 4, 5}).ok());
  const auto tags = arrow::list(arrow::int64());
  const auto place = arrow::struct_({arrow::field("lon", arrow::float64())});
  const auto kind = arrow::dictionary(arrow::int32(), arrow::utf8());
  return arrow::Table::Make(
      arrow::schema({arrow::field("id", arrow::int64(), /*nullable=*/false),
                     arrow::field("a", arrow::int32()), arrow::field("A", arrow::utf8()),
                     arrow::field("x", arrow::float64()), arrow::field("tags", tags),
                     arrow::field("place", place), arrow::field("kind", kind),
                     arrow::field("_row", arrow::utf8())}),
      {ids.Finish().ValueOrDie(), array(arrow::int32()), array(arrow::utf8()),
       array(arrow::float64()), array(tags), array(place), array(kind), array(arrow::utf8())});
}

/// A fixture with that dataset, on disk and open.
class AwkwardDataset : public testing::Test {
 protected:
  void SetUp() override {
    write_parquet(*awkward_table(), path());
    auto dataset = Dataset::make("awkward", {path()});
    ASSERT_TRUE(dataset) << dataset.error().detail;
    dataset_ = *std::move(dataset);
  }

  std::string path() const { return folder_ / "awkward.parquet"; }

  Result<std::shared_ptr<const Plan>> plan(Shape shape, std::string_view query) const {
    BOWSHOT_ASSIGN(const Request request, parse_url_request("awkward", shape, query, Limits{}));
    return make_plan(request, dataset_);
  }

  /// `id: int64 not null` of every column of a plan's answer.
  std::string schema_of(Shape shape, std::string_view query) const {
    const auto planned = plan(shape, query);
    if (!planned) return "error: " + planned.error().detail;
    std::string text;
    for (const auto& field : (*planned)->schema->fields())
      text += (text.empty() ? "" : ", ") + field->ToString();
    return text;
  }

  TemporaryFolder folder_;
  std::shared_ptr<const Dataset> dataset_;
};

}  // namespace bowshot
