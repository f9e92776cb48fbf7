#include "local_query.hpp"

#include <arrow/buffer.h>
#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "conversion_reporter.hpp"
#include "encode/body.hpp"
#include "engine/duckdb/duckdb_engine.hpp"
#include "engine/parquet/parquet_engine.hpp"
#include "query/overflow_origin.hpp"
#include "shape/shapes.hpp"
#include "source/catalog.hpp"

namespace bowshot {

namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(20);

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

Result<void> send(Body& body, const AnswerFacts& facts, QueryOutput& output, ProgressLine& progress,
                  const StopToken& stop) {
  progress.total = facts.rows.value_or(0);
  while (true) {
    BOWSHOT_ASSIGN(const ByteList bytes, body.next());
    if (bytes.empty() || output.is_on_screen()) progress.end();
    if (bytes.empty()) return output.end(facts);
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
  const AnswerFacts facts = facts_of(answer);
  BOWSHOT_ASSIGN(const auto body,
                 Body::make(negotiated, facts, std::move(answer.stream),
                            {.rows_max = answer.rows ? answer.rows : plan->limit}));
  Result<void> sent = send(*body, facts, output, progress, stop);
  if (!sent) return fail(with_overflow_origin(std::move(sent).error(), *plan));
  return sent;
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
  const auto windows = ParquetEngine::make(limits.page_cache_bytes);
  BOWSHOT_ASSIGN(const auto duckdb,
                 DuckDbEngine::make({.memory_bytes = limits.engine_memory_bytes,
                                     .temporary_directory =
                                         fmt::format("{}/spill-{}", cache_directory, ::getpid())},
                                    windows.get()));
  return answer(request, plan, {.engines = {windows.get(), duckdb.get()}}, output, stop);
}

}  // namespace bowshot
