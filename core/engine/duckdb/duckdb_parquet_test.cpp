// The universal path and the shortcut give the same answers.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/duckdb/query_test_data.hpp"
#include "engine/parquet/parquet_engine.hpp"
#include "engine/parquet/window_test_data.hpp"

namespace bowshot {
namespace {

class DuckDbAndParquet : public DuckDbTest {
 protected:
  /// Every column of every type, and `_row`; a filter that keeps all makes it SQL's work.
  std::shared_ptr<Plan> every_column(int64_t offset, std::optional<int64_t> limit) {
    auto plan = std::make_shared<Plan>(*window_plan(dataset_, offset, limit));
    plan->select.push_back(row_number_item("_row"));
    plan->schema =
        plan->schema->AddField(plan->schema->num_fields(), arrow::field("_row", arrow::int64()))
            .ValueOrDie();
    return plan;
  }
};

TEST_F(DuckDbAndParquet, AgreeOnWindowsOfEveryType) {
  constexpr uint64_t kSeed = 20'261'122;
  open({every_type_table(700, kSeed), every_type_table(0, kSeed), every_type_table(301, kSeed + 1)},
       128);
  const auto parquet = ParquetEngine::make();
  const auto duckdb = must(DuckDbEngine::make({.threads = 2}, parquet.get()));
  const auto filter =
      must(Binder(dataset_->schema(), true).bind_filter(must(parse_cql2("_row >= 0", {}))));
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 40; ++i) {
    const auto offset = static_cast<int64_t>(random() % 1'100);
    const auto limit = static_cast<int64_t>(random() % 400);
    SCOPED_TRACE(fmt::format("seed {} offset {} limit {}", kSeed, offset, limit));
    const auto plan = every_column(offset, limit);
    const auto direct = must(drain(*must(parquet->run(plan, {}))));
    const auto unfiltered = must(drain(*must(duckdb->run(plan, {}))));
    EXPECT_TRUE(unfiltered->Equals(*direct, arrow::EqualOptions::Defaults().nans_equal(true)));

    const auto filtered = std::make_shared<Plan>(*plan);
    filtered->filter = filter;
    const auto through_sql = must(drain(*must(duckdb->run(filtered, {}))));
    ASSERT_EQ(through_sql->num_rows(), direct->num_rows());
    for (int c = 0; c < direct->num_columns(); ++c)
      EXPECT_TRUE(through_sql->column(c)->Equals(*direct->column(c),
                                                 arrow::EqualOptions::Defaults().nans_equal(true)))
          << direct->field(c)->ToString();

    const auto ordered = std::make_shared<Plan>(*plan);  // the same rows, by way of a sort
    ordered->order = {{.expression = make_call(arrow::boolean(), Function::kIsNull,
                                               {row_number_item("").expression})}};
    const auto sorted = must(drain(*must(duckdb->run(ordered, {}))));
    for (int c = 0; c < direct->num_columns(); ++c)
      EXPECT_TRUE(sorted->column(c)->Equals(*direct->column(c),
                                            arrow::EqualOptions::Defaults().nans_equal(true)))
          << direct->field(c)->ToString();
  }
}

/// Without the shortcut's help every type but zoned nanoseconds comes through SQL itself.
TEST_F(DuckDbAndParquet, AgreeColumnByColumn) {
  constexpr uint64_t kSeed = 7;
  open({every_type_table(500, kSeed)}, 100);
  const auto parquet = ParquetEngine::make();
  for (int c = 0; c < dataset_->schema()->num_fields(); ++c) {
    const auto& field = dataset_->schema()->field(c);
    SCOPED_TRACE(field->ToString());
    Plan plan;
    plan.dataset = dataset_;
    plan.select = {column_item(*dataset_, c, field->name())};
    plan.schema = arrow::schema({field});
    const auto shared = std::make_shared<const Plan>(plan);
    const auto direct = must(drain(*must(parquet->run(shared, {}))));
    const auto through_sql = must(drain(*must(engine().run(shared, {}))));
    const bool is_equal =
        through_sql->Equals(*direct, arrow::EqualOptions::Defaults().nans_equal(true));
    EXPECT_TRUE(is_equal || field->type()->ToString().find("[ns, tz=") != std::string::npos);
  }
}

}  // namespace
}  // namespace bowshot
