#include "view/view_stream.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "engine/duckdb/duckdb_engine.hpp"
#include "view/reversed_order.hpp"

namespace bowshot {
namespace {

/// So near the start or the end of an order an engine keeps the best few rows and sorts no others.
constexpr int64_t kTopRowsMax = 5'000;
/// Matches that lie farther apart than this are better kept by number than looked for again.
constexpr int64_t kSearchedRowsMax = 4'000'000;
/// Of view_bytes, what the matches of one filter may take only to save statements.
constexpr int64_t kKeptMatchesShare = 8;

/// The last row that the window wants, or a great number.
int64_t window_end(const Plan& plan) {
  return plan.offset > INT64_MAX - *plan.limit ? INT64_MAX : plan.offset + *plan.limit;
}

}  // namespace

bool is_stop(const Error& error, const StopToken& stop) {
  return stop.stop_requested() || error.code == ErrorCode::kNotReady;
}

Result<std::shared_ptr<arrow::RecordBatch>> ViewStream::next() {
  if (error_) return fail(*error_);
  if (has_ended_) return nullptr;
  const auto next_batch = [&]() -> Result<std::shared_ptr<arrow::RecordBatch>> {
    if (!rows_) {
      BOWSHOT_ASSIGN(rows_, open());
    }
    return rows_->next();
  };
  auto batch = next_batch();
  if (!batch) {
    error_ = batch.error();
    if (error_->code == ErrorCode::kDeadlineExceeded && !of_deadline_.empty())
      error_->detail = of_deadline_;
    rows_.reset();
    return fail(*error_);
  }
  if (*batch) {
    rows_given_ += (*batch)->num_rows();
    return batch;
  }
  has_ended_ = true;
  rows_.reset();  // its query ends before the build begins
  if (after_ && rows_given_ == *plan().limit) context_.store->want(*after_);
  return batch;
}

Result<std::unique_ptr<BatchStream>> ViewStream::open_without(std::optional<ViewRequest> after) {
  after_ = std::move(after);
  return context_.engine->run(context_.plan, context_.stop);
}

void ViewStream::want_after(ViewRequest request) {
  after_ = std::move(request);
}

Result<std::unique_ptr<BatchStream>> ViewStream::open_rows(std::vector<int64_t> rows) {
  return context_.engine->fetch_rows(context_.plan, std::move(rows), context_.stop);
}

namespace {

class FilteredWindow : public ViewStream {
 public:
  using ViewStream::ViewStream;

 protected:
  Result<std::unique_ptr<BatchStream>> open() override {
    if (const auto kept = context_.store->find(matched_rows_request(plan()).key))
      return open_kept(*kept);
    const ViewRequest request = match_counts_request(plan());
    auto view = context_.store->find(request.key);
    if (!view) {
      // From the start the rows come as they are found; the counts are for what is scrolled to.
      if (window_end(plan()) <= kTopRowsMax) return open_without(request);
      auto built = context_.store->get(request, context_.stop);
      if (!built && is_stop(built.error(), context_.stop)) return fail(std::move(built).error());
      if (!built) return open_without({});  // the engine tells what is wrong, if anything is
      view = *std::move(built);
    }
    return open_by(std::get<MatchCounts>(*view));
  }

 private:
  Result<std::unique_ptr<BatchStream>> open_by(const MatchCounts& counts) {
    if (plan().offset >= counts.rows()) return open_rows({});
    const MatchCounts::Place place = counts.find(plan().offset, *plan().limit);
    const int64_t end = std::min(place.end, plan().dataset->rows());
    const ViewRequest matches = matched_rows_request(plan());
    const int64_t kept_bytes = MatchedRows::bytes_of(plan().dataset->rows(), counts.rows());
    if (end - place.begin > kSearchedRowsMax) {
      const auto kept = context_.store->get(matches, context_.stop);
      if (kept) return open_kept(**kept);
      if (is_stop(kept.error(), context_.stop)) return fail(kept.error());
    } else if (kept_bytes <= context_.store->bytes_max() / kKeptMatchesShare) {
      want_after(matches);
    }
    BOWSHOT_ASSIGN(
        auto rows,
        context_.engine->find_rows(
            context_.plan,
            {.begin = place.begin, .end = end, .offset = place.offset, .limit = *plan().limit},
            context_.stop));
    return open_rows(std::move(rows));
  }

  Result<std::unique_ptr<BatchStream>> open_kept(const View& matches) {
    return open_rows(std::get<MatchedRows>(matches).slice(plan().offset, *plan().limit));
  }
};

class OrderedWindow : public ViewStream {
 public:
  using ViewStream::ViewStream;

 protected:
  Result<std::unique_ptr<BatchStream>> open() override {
    const ViewRequest request = row_order_request(plan());
    if (is_reversed_whole(*request.plan)) return open_rows(reversed_rows());
    if (const auto view = context_.store->find(request.key)) return open_by(*view);
    const std::optional<int64_t> total = total_rows();
    if (window_end(plan()) <= kTopRowsMax) return open_start(request, total);
    if (total && plan().offset >= *total) return open_rows({});
    if (total && *total - plan().offset <= kTopRowsMax) return open_end(*total);
    if (total.value_or(0) > kept_rows_max()) return open_sorted(*total);
    return open_built(request);
  }

 private:
  Result<std::unique_ptr<BatchStream>> open_by(const View& view) {
    return open_rows(std::get<RowOrder>(view).slice(plan().offset, *plan().limit));
  }

  Result<std::unique_ptr<BatchStream>> open_start(const ViewRequest& request,
                                                  std::optional<int64_t> total) {
    if (total.value_or(0) > kept_rows_max()) return open_without({});
    return open_without(request);
  }

  Result<std::unique_ptr<BatchStream>> open_built(const ViewRequest& request) {
    if (!total_rows() && plan().dataset->rows() > kept_rows_max()) {
      // What may be too many is counted before it is sorted in vain.
      const auto counts = context_.store->get(match_counts_request(plan()), context_.stop);
      if (!counts) return open_after(counts.error());
      if (view_rows(**counts) > kept_rows_max()) return open_sorted(view_rows(**counts));
    }
    const auto built = context_.store->get(request, context_.stop);
    return built ? open_by(**built) : open_after(built.error());
  }

  /// The asker left; or the engine tells what is wrong, if anything is.
  Result<std::unique_ptr<BatchStream>> open_after(const Error& error) {
    if (!is_stop(error, context_.stop)) return open_without({});
    say_of_deadline(fmt::format("the order of {} rows was not built yet",
                                total_rows().value_or(plan().dataset->rows())));
    return fail(error);
  }

  /// All rows by descending `_row`: nothing needs to be sorted.
  static bool is_reversed_whole(const Plan& sorted) {
    if (sorted.filter || sorted.order.size() != 1) return false;
    const auto* column = std::get_if<ColumnReference>(&sorted.order.front().expression->node);
    return column && column->kind == ColumnReference::Kind::kRowNumber;
  }
  std::vector<int64_t> reversed_rows() const {
    const int64_t total = plan().dataset->rows();
    const int64_t begin = std::min(plan().offset, total);
    std::vector<int64_t> rows(static_cast<size_t>(std::min(*plan().limit, total - begin)));
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = total - 1 - begin - static_cast<int64_t>(i);
    return rows;
  }

  std::optional<int64_t> total_rows() const {
    if (!plan().filter) return plan().dataset->rows();
    const auto counts = context_.store->peek(match_counts_request(plan()).key);
    return counts ? std::optional(view_rows(*counts)) : std::nullopt;
  }

  int64_t kept_rows_max() const {
    return std::min(context_.orders->rows_max(),
                    context_.store->bytes_max() / static_cast<int64_t>(sizeof(uint32_t)));
  }

  /// The order's end: the start of the order turned round.
  Result<std::unique_ptr<BatchStream>> open_end(int64_t total) {
    auto reversed = std::make_shared<Plan>(*row_order_request(plan()).plan);
    reversed->order = reversed_order(reversed->order);
    reversed->select = {{.name = "", .expression = reversed->order.back().expression}};
    reversed->schema = arrow::schema({arrow::field("", arrow::int64(), /*nullable=*/false)});
    const int64_t end = std::min(window_end(plan()), total);
    reversed->offset = total - end;
    reversed->limit = end - plan().offset;
    BOWSHOT_ASSIGN(const auto stream, context_.engine->run(reversed, context_.stop));
    std::vector<int64_t> rows;
    for (;;) {
      BOWSHOT_ASSIGN(const auto batch, stream->next());
      if (!batch) break;
      const auto& numbers = static_cast<const arrow::Int64Array&>(*batch->column(0));
      rows.insert(rows.end(), numbers.raw_values(), numbers.raw_values() + numbers.length());
    }
    std::ranges::reverse(rows);
    if (total <= kept_rows_max()) context_.store->want(row_order_request(plan()));
    return open_rows(std::move(rows));
  }

  /// The engine's own sort, for this window alone, of as many rows as it gets through in time.
  Result<std::unique_ptr<BatchStream>> open_sorted(int64_t rows) {
    if (rows <= context_.orders->rows_max()) return open_without({});
    return fail(ErrorCode::kOutOfMemory,
                fmt::format("orders are kept of up to {} rows, this one has {}: without a filter "
                            "that leaves fewer, only its first and last {} rows can be had",
                            kept_rows_max(), rows, kTopRowsMax));
  }
};

}  // namespace

std::unique_ptr<BatchStream> make_filtered_window(ViewContext context) {
  return std::make_unique<FilteredWindow>(std::move(context));
}

std::unique_ptr<BatchStream> make_ordered_window(ViewContext context) {
  return std::make_unique<OrderedWindow>(std::move(context));
}

}  // namespace bowshot
