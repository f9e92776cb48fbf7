#include "engine/duckdb/duckdb_engine.hpp"

#include "base/check.hpp"
#include "engine/duckdb/answer_stream.hpp"
#include "engine/duckdb/duckdb_dialect.hpp"
#include "engine/duckdb/fetched_rows.hpp"
#include "engine/duckdb/natural_rows.hpp"
#include "engine/duckdb/ordered_rows.hpp"
#include "engine/statement.hpp"

namespace bowshot {
namespace {

bool is_natural_order(const Plan& plan) {
  if (plan.order.empty()) return true;
  const auto* column = std::get_if<ColumnReference>(&plan.order.front().expression->node);
  return column && column->kind == ColumnReference::Kind::kRowNumber &&
         !plan.order.front().descending;
}

Result<std::unique_ptr<RawBatches>> make_rows(const QueryContext& context, Engine* windows) {
  const Plan& plan = *context.plan;
  if (plan.kind == Plan::Kind::kAggregate) {
    BOWSHOT_ASSIGN(std::string sql, aggregate_statement(plan, DuckDbDialect()));
    return std::make_unique<StatementBatches>(context, std::move(sql));
  }
  if (is_natural_order(plan)) return make_natural_rows(context, windows);
  return make_ordered_rows(context, windows);
}

}  // namespace

Result<std::unique_ptr<DuckDbEngine>> DuckDbEngine::make(const DuckDbOptions& options,
                                                         Engine* windows) {
  BOWSHOT_ASSIGN(auto database, DuckDbDatabase::make(options));
  return std::unique_ptr<DuckDbEngine>(new DuckDbEngine(options, std::move(database), windows));
}

Result<std::shared_ptr<DuckDbDatabase>> DuckDbEngine::current_database() {
  return database_.with([&](auto& database) -> Result<std::shared_ptr<DuckDbDatabase>> {
    if (database->is_broken()) {
      BOWSHOT_ASSIGN(database, DuckDbDatabase::make(options_));
    }
    return database;
  });
}

EngineCapabilities DuckDbEngine::capabilities() const {
  return {.row_numbers = true, .cancel = true, .progress = false};
}

bool DuckDbEngine::accepts(const Plan& plan) const {
  return plan.kind != Plan::Kind::kDerived;
}

Result<std::unique_ptr<BatchStream>> DuckDbEngine::run(std::shared_ptr<const Plan> plan,
                                                       const StopToken& stop) {
  BOWSHOT_ASSIGN(auto database, current_database());
  QueryContext context{.plan = std::move(plan), .database = std::move(database), .stop = stop};
  BOWSHOT_ASSIGN(auto rows, make_rows(context, windows_));
  return std::make_unique<AnswerStream>(std::move(context), std::move(rows));
}

Result<std::vector<int64_t>> DuckDbEngine::find_rows(std::shared_ptr<const Plan> plan,
                                                     const MatchSlice& slice,
                                                     const StopToken& stop) {
  BOWSHOT_ASSIGN(auto database, current_database());
  return find_matching_rows(
      {.plan = std::move(plan), .database = std::move(database), .stop = stop}, slice);
}

Result<std::unique_ptr<BatchStream>> DuckDbEngine::fetch_rows(std::shared_ptr<const Plan> plan,
                                                              std::vector<int64_t> rows,
                                                              const StopToken& stop) {
  if (windows_ && windows_->reads_rows(*plan))
    return windows_->read_rows(std::move(plan), std::move(rows), stop);
  BOWSHOT_CHECK(static_cast<int64_t>(rows.size()) <= kFetchedRowsMax);
  BOWSHOT_ASSIGN(auto database, current_database());
  QueryContext context{.plan = std::move(plan), .database = std::move(database), .stop = stop};
  auto fetched = std::make_unique<FetchedRows>(context, windows_, std::move(rows));
  return std::make_unique<AnswerStream>(std::move(context), std::move(fetched));
}

}  // namespace bowshot
