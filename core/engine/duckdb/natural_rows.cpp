#include "engine/duckdb/natural_rows.hpp"

#include <arrow/record_batch.h>

#include <algorithm>
#include <vector>

#include "engine/duckdb/duckdb_dialect.hpp"
#include "engine/duckdb/long_rows.hpp"
#include "engine/duckdb/row_bytes.hpp"
#include "engine/duckdb/row_order.hpp"
#include "engine/statement.hpp"

namespace bowshot {
namespace {

/// A first statement over a few rows gives the first batch early; datasets below this size need
/// none.
constexpr int64_t kFirstRows = 16'384;
constexpr int64_t kSplitRowsMin = 500'000;

/// Where the engine loses the order, ranges of rows are sorted one after the other.
constexpr int64_t kSortedRowsMax = 1'000'000;
constexpr int64_t kSortedBytesMax = int64_t{256} << 20;

/// Of a chunk in which a filter found little, DuckDB holds everything while nobody takes it: of
/// 100M rows of 70 bytes it took 500 MB for each reader who stopped reading.
constexpr int64_t kFilteredBytesMax = int64_t{256} << 20;

int64_t unsorted_rows(const Plan& plan) {
  const GroupSize group = largest_group(plan);
  const int64_t rows = statement_rows_max(group);
  if (!plan.filter) return rows;
  return std::min(rows, std::max(group.rows, kFilteredBytesMax / group.row_bytes()));
}

int64_t sorted_rows(const Plan& plan) {
  return std::min(kSortedRowsMax,
                  std::max<int64_t>(1, kSortedBytesMax / largest_group(plan).row_bytes()));
}

/// One statement over the first rows, then one over the rest.
class NarrowRows : public RawBatches {
 public:
  NarrowRows(QueryContext context, RowRange range)
      : context_(std::move(context)),
        range_(range),
        keeps_order_(keeps_row_order(*context_.plan)),
        rows_max_(keeps_order_ ? unsorted_rows(*context_.plan) : sorted_rows(*context_.plan)) {}

  Result<std::shared_ptr<arrow::RecordBatch>> next() override {
    for (;;) {
      if (!query_) {
        if (range_.begin >= range_.end || range_.rows_left == 0) return nullptr;
        BOWSHOT_TRY(start_next());
      }
      BOWSHOT_ASSIGN(auto batch, query_->next());
      if (batch) {
        if (range_.rows_left) *range_.rows_left -= batch->num_rows();
        return batch;
      }
      query_.reset();
    }
  }

 private:
  Result<void> start_next() {
    const Plan& plan = *context_.plan;
    RowsQuery query;
    query.scan.dataset = plan.dataset.get();
    query.scan.begin = range_.begin;
    query.scan.end = next_end();
    for (const NamedExpression& item : plan.select) query.outputs.push_back(item.expression);
    query.ordered = !keeps_order_;
    query.limit = range_.rows_left;
    range_.begin = query.scan.end;
    BOWSHOT_ASSIGN(const std::string sql, rows_statement(plan, DuckDbDialect(), std::move(query)));
    BOWSHOT_ASSIGN(query_, RunningQuery::start(context_.database, sql, context_.stop));
    return {};
  }

  /// Within the file that `begin` is in, unless a file begins there: then to the end.
  int64_t next_end() {
    const auto& files = context_.plan->dataset->files();
    const auto file = std::ranges::find_if(
        files, [&](const DatasetFile& f) { return range_.begin < f.first_row + f.file->rows(); });
    const int64_t file_end = file->first_row + file->file->rows();
    const bool is_first = std::exchange(is_first_, false);
    if (is_first && range_.end - range_.begin > kSplitRowsMin)
      return std::min({range_.begin + kFirstRows, file_end, range_.end});
    if (!keeps_order_ || rows_max_ < range_.end)
      return std::min({range_.begin + rows_max_, file_end, range_.end});
    if (range_.begin != file->first_row) return std::min(file_end, range_.end);
    if (range_.end == context_.plan->dataset->rows()) return range_.end;
    // The last file is read in part: whole files before it, then that part.
    const auto last = std::ranges::find_if(
        files, [&](const DatasetFile& f) { return range_.end <= f.first_row + f.file->rows(); });
    return last == file || last->first_row + last->file->rows() == range_.end ? range_.end
                                                                              : last->first_row;
  }

  QueryContext context_;
  RowRange range_;
  bool keeps_order_;
  int64_t rows_max_;  // of one statement
  bool is_first_ = true;
  std::unique_ptr<RunningQuery> query_;
};

/// Where the first row after `offset` matching ones is: by the filter's columns alone.
Result<int64_t> find_start(const QueryContext& context) {
  const Plan& plan = *context.plan;
  RowsQuery query;
  query.scan.dataset = plan.dataset.get();
  query.scan.end = plan.dataset->rows();
  query.row_number = true;
  query.ordered = !keeps_row_order(plan);
  query.offset = plan.offset;
  query.limit = 1;
  BOWSHOT_ASSIGN(const std::string sql, rows_statement(plan, DuckDbDialect(), std::move(query)));
  BOWSHOT_ASSIGN(const auto batch, collect(context, sql));
  return batch ? row_numbers(*batch, 0)[0] : plan.dataset->rows();
}

Result<RowRange> find_range(const QueryContext& context) {
  const Plan& plan = *context.plan;
  const int64_t rows = plan.dataset->rows();
  if (!plan.filter) {
    const int64_t begin = std::min(plan.offset, rows);
    return RowRange{begin, plan.limit ? begin + std::min(*plan.limit, rows - begin) : rows, {}};
  }
  RowRange range{0, rows, plan.limit};
  if (plan.offset > 0 && plan.limit != 0) {
    BOWSHOT_ASSIGN(range.begin, find_start(context));
  }
  return range;
}

/// Whether stored columns are to be read straight from Parquet, where there are any.
bool is_for_windows(const Plan& plan) {
  bool has_stored = false;
  bool has_cut = false;
  for (const NamedExpression& item : plan.select) {
    const bool stored = StoredRows::is_stored(*item.expression);
    has_stored = has_stored || stored;
    has_cut = has_cut || (stored && is_cut_by_duckdb(*item.expression->type));
  }
  return has_cut || (has_stored && is_long(largest_group(plan)));
}

/// Finds its range when it is first asked, which may take a while.
class NaturalRows : public RawBatches {
 public:
  NaturalRows(QueryContext context, Engine* windows)
      : context_(std::move(context)), windows_(windows) {}

  Result<std::shared_ptr<arrow::RecordBatch>> next() override {
    if (!rows_) {
      BOWSHOT_ASSIGN(const RowRange range, find_range(context_));
      if (windows_ && is_for_windows(*context_.plan))
        rows_ = std::make_unique<LongRows>(context_, range, windows_);
      else
        rows_ = std::make_unique<NarrowRows>(context_, range);
    }
    return rows_->next();
  }
  void rest() override {
    if (rows_) rows_->rest();
  }

 private:
  QueryContext context_;
  Engine* windows_;  // outlives this: the maker's promise
  std::unique_ptr<RawBatches> rows_;
};

}  // namespace

Result<std::unique_ptr<RawBatches>> make_natural_rows(QueryContext context, Engine* windows) {
  return std::make_unique<NaturalRows>(std::move(context), windows);
}

}  // namespace bowshot
