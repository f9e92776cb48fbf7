#include "local_query.hpp"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "conversion_reporter.hpp"
#include "encode/body.hpp"
#include "engine/duckdb/duckdb_engine.hpp"
#include "engine/window_engine.hpp"
#include "query/overflow_origin.hpp"
#include "shape/shapes.hpp"
#include "source/catalog.hpp"

namespace bowshot {

namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(20);
/// A window is on the screen after this at the latest, be its rows counted or not.
constexpr auto kCountWait = std::chrono::seconds(1);

/// Conversions into the cache: a bar on a terminal, else nothing.
class QuietReporter : public ConversionObserver {
 public:
  void progressed(const std::string& dataset, const ConversionProgress& progress) override {
    if (is_terminal_) bar_.progressed(dataset, progress);
  }
  void ended(const std::string&, const ConversionProgress&, const Error*) override {
    if (is_terminal_) fmt::print(stderr, "\r\033[K");
  }

 private:
  const bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  ConversionReporter bar_;
};

Result<std::shared_ptr<DatasetSource>> find_source(const LocalQuery& query, Importer* importer) {
  BOWSHOT_ASSIGN(DatasetSpec spec, DatasetSpec::parse("data=" + query.path));
  spec.name.clear();
  BOWSHOT_ASSIGN(const auto sources, make_sources(spec, importer));
  std::string names;
  for (const auto& [name, source] : sources) {
    // A table's dataset is named after the file and the table: `file.table`.
    const bool is_wanted =
        query.table.empty() ? sources.size() == 1 : name.ends_with("." + query.table);
    if (is_wanted) return source;
    names += (names.empty() ? "" : ", ") + name;
  }
  return fail(ErrorCode::kBadParameter,
              fmt::format("choose a table by --table; there are {}", names));
}

/// The dataset, after its conversion where it needs one.
Result<std::shared_ptr<const Dataset>> open_dataset(const LocalQuery& query, Importer& importer,
                                                    const StopToken& stop) {
  BOWSHOT_ASSIGN(const auto source, find_source(query, &importer));
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;  // nobody tells of the end: it is looked for
  while (true) {
    auto dataset = source->current();
    if (dataset || dataset.error().code != ErrorCode::kNotReady) return dataset;
    if (stop.stop_requested()) return fail(stop.error());
    importer.start();
    never.wait_for(lock, stop.std_token(), kLookAgain, [] { return false; });
  }
}

/// Stops by itself after a while, or with another.
class TimedStop {
 public:
  TimedStop(const StopToken& other, std::chrono::milliseconds wait)
      : with_other_(other, [this] { stop_.request_stop(StopReason::kClientLeft); }),
        timer_([this, wait](const std::stop_token& ended) {
          std::mutex mutex;
          std::unique_lock lock(mutex);
          std::condition_variable_any never;
          never.wait_for(lock, ended, wait, [] { return false; });
          if (!ended.stop_requested()) stop_.request_stop(StopReason::kDeadline);
        }) {}
  StopToken token() const { return stop_.token(); }

 private:
  StopSource stop_;
  StopCallback with_other_;
  std::jthread timer_;
};

/// How many rows a filter keeps, where that is found soon.
std::optional<int64_t> count_rows(const Request& request, const Plan& plan, const Engines& engines,
                                  const StopToken& stop) {
  Request count{.dataset = request.dataset, .shape = Shape::kCount};
  count.filter = request.filter;
  count.filter_pointer = request.filter_pointer;
  count.filter_pointers = request.filter_pointers;
  count.compute = request.compute;
  const TimedStop soon(stop, kCountWait);
  const auto counted = [&]() -> Result<int64_t> {
    BOWSHOT_ASSIGN(const auto count_plan, make_plan(count, plan.dataset));
    BOWSHOT_ASSIGN(const Answer answer, start_answer(count_plan, engines, soon.token()));
    BOWSHOT_ASSIGN(const auto batch, answer.stream->next());
    return static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(0);
  }();
  return counted ? std::optional(*counted) : std::nullopt;
}

/// The rows of a request without its offset and limit, of which `sent` were sent.
std::optional<int64_t> rows_in_all(const Request& request, const Plan& plan, int64_t sent,
                                   const Engines& engines, const StopToken& stop) {
  if (request.shape != Shape::kRows) return std::nullopt;
  const bool is_end = !request.limit || sent < *request.limit;
  if (is_end && (sent > 0 || request.offset == 0)) return request.offset + sent;
  return count_rows(request, plan, engines, stop);
}

Result<void> send(Body& body, const AnswerFacts& facts, QueryOutput& output, ProgressLine& progress,
                  const StopToken& stop) {
  progress.total = facts.rows.value_or(0);
  while (true) {
    BOWSHOT_ASSIGN(const ByteList bytes, body.next());
    if (bytes.empty() || output.is_on_screen()) progress.end();
    if (bytes.empty()) return {};
    for (const auto& buffer : bytes)
      BOWSHOT_TRY(output.write(
          {reinterpret_cast<const char*>(buffer->data()), static_cast<size_t>(buffer->size())}));
    if (stop.stop_requested()) return fail(stop.error());
    progress.bytes += byte_count(bytes);
    progress.rows = progress.done = body.rows();
  }
}

Result<void> answer(const Request& request, const std::shared_ptr<const Plan>& plan,
                    const Engines& engines, QueryOutput& output, const StopToken& stop) {
  BOWSHOT_ASSIGN(const Negotiated negotiated,
                 negotiate(request.shape, {.format_parameter = request.format.value_or(""),
                                           .accept = {},
                                           .accept_encoding = {},
                                           .is_same_machine = true}));
  ProgressLine progress;
  BOWSHOT_ASSIGN(Answer answer, start_answer(plan, engines, stop));
  AnswerFacts facts = facts_of(answer);
  BOWSHOT_ASSIGN(const auto body,
                 Body::make(negotiated, facts, std::move(answer.stream),
                            {.rows_max = answer.rows ? answer.rows : plan->limit}));
  Result<void> sent = send(*body, facts, output, progress, stop);
  if (!sent) return fail(with_overflow_origin(std::move(sent).error(), *plan));
  if (output.tells_total() && !facts.total_rows)
    facts.total_rows = rows_in_all(request, *plan, body->rows(), engines, stop);
  if (stop.stop_requested()) return fail(stop.error());
  return output.end(facts);
}

}  // namespace

Result<void> LocalQuery::run(QueryOutput& output, const StopToken& stop) const {
  const Limits limits = Limits::make_default();
  BOWSHOT_ASSIGN(Request request, parse_url_request("data", shape, parameters, limits));
  request.format = format;
  QuietReporter reporter;
  Importer importer(cache_directory, limits.cache_bytes, &reporter);
  BOWSHOT_ASSIGN(const auto dataset, open_dataset(*this, importer, stop));
  if (request.version && *request.version != dataset->version())
    return fail(ErrorCode::kVersionChanged,
                fmt::format("the request is for version {}; the current version is {}",
                            *request.version, dataset->version()));
  BOWSHOT_ASSIGN(const auto plan, make_plan(request, dataset));
  std::error_code ignored;  // without it sorts beyond memory are errors
  std::filesystem::create_directories(cache_directory, ignored);
  const auto windows = WindowEngine::make(limits.page_cache_bytes);
  BOWSHOT_ASSIGN(const auto duckdb,
                 DuckDbEngine::make({.memory_bytes = limits.engine_memory_bytes,
                                     .temporary_directory =
                                         fmt::format("{}/spill-{}", cache_directory, ::getpid())},
                                    windows.get()));
  return answer(request, plan, {.engines = {windows.get(), duckdb.get()}}, output, stop);
}

}  // namespace bowshot
