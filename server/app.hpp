#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.hpp"
#include "conversion_reporter.hpp"
#include "credentials.hpp"
#include "engine/duckdb/duckdb_engine.hpp"
#include "engine/engine.hpp"
#include "engine/window_engine.hpp"
#include "flow/admission.hpp"
#include "flow/deadlines.hpp"
#include "flow/metrics.hpp"
#include "flow/pulled_answer.hpp"
#include "flow/request_table.hpp"
#include "options.hpp"
#include "preconditions.hpp"
#include "query/request.hpp"
#include "settings.hpp"
#include "shape/shapes.hpp"
#include "source/catalog.hpp"
#include "source/publish/publish_store.hpp"
#include "transport/http/server.hpp"
#include "view/view_engine.hpp"

namespace bowshot {

/// The process's state and its routes: datasets, engines, slots, the request table, metrics.
/// Immutable but for what guards itself and reload(); handle() is called from many threads at once.
class App {
 public:
  /// Opens the datasets (but what is converted first) and the engines. An error, where no dataset
  /// can be opened, says why.
  static Result<std::unique_ptr<App>> make(const ServeOptions& options);
  ~App();

  /// Datasets that need it are converted from now on; until stop(), which is idempotent.
  void start();
  void stop();

  /// Takes over what a running process can: datasets, limits, access, the token. All or, with an
  /// error, nothing; requests under way keep what they began with. From one thread at a time.
  Result<void> reload(const ServeOptions& options);

  /// Answers one request: access, route, answer; the last catch of the process.
  void handle(const http::Request& request, http::ResponseWriter& writer, const StopToken& stop);

  /// Begins the answer to a JSON request for a reader in this process. Errors: those that
  /// POST /v1/query tells.
  Result<std::unique_ptr<PulledAnswer>> pull(std::string_view json, const StopToken& stop);

  /// Takes a table, as PUT /v1/datasets/{name} does; where no folder keeps it, without a copy.
  Result<void> publish(const std::string& name, std::shared_ptr<arrow::RecordBatchReader> table,
                       const StopToken& stop);

  /// Whether a request's body is a table to publish, which its route reads as it comes.
  bool streams_body(const http::Request& head) const {
    return allows_publish_ && head.method == "PUT" && head.path.starts_with("/v1/datasets/");
  }

  /// Whose counters /metrics shows. `server` outlives every call of handle().
  void watch(const http::Server* server) { server_ = server; }

  struct Exchange;  // one request, its path's parts, its writer: exchange.hpp
  using Route = void (App::*)(Exchange&);
  struct RouteInfo {
    std::string_view pattern;  // `{}` is one part of the path
    std::string_view methods;  // as in Allow, without HEAD and OPTIONS
    Route route;
  };
  /// Every path but the page's files.
  static const std::vector<RouteInfo>& route_table();

 private:
  explicit App(const ServeOptions& options);
  std::shared_ptr<const Settings> settings() const;

  // dataset_changes.cpp
  struct DatasetChanges {
    std::map<std::string, DatasetSpec> configured;
    std::map<std::string, std::shared_ptr<DatasetSource>> sources;  // new ones
  };
  Result<void> open_datasets(const ServeOptions& options);
  Result<DatasetChanges> find_changes(const ServeOptions& options);
  Result<void> add_change(DatasetChanges& changes, const DatasetSpec& spec, const std::string& name,
                          std::shared_ptr<DatasetSource> source) const;

  void dispatch(Exchange& exchange);
  void answer_options(Exchange& exchange, std::string_view methods);
  void answer_exception(Exchange& exchange, const char* what);
  void end_exchange(Exchange& exchange, std::chrono::steady_clock::time_point begun);

  // login_route.cpp
  std::string cookie_name() const;
  Result<void> authorize(const Exchange& exchange);
  void login(Exchange& exchange);

  // query_route.cpp
  void get_shape(Exchange& exchange);
  void post_query(Exchange& exchange);
  Result<void> answer_query(Exchange& exchange, const Result<Request>& request);
  /// Tells an error that is not told yet, and logs it.
  void conclude(Exchange& exchange, const Result<void>& outcome);
  /// Refusals come by the thousand: one a second is logged, the metrics count them all.
  bool is_refusal_worth_a_line();
  Result<void> try_query(Exchange& exchange, const Request& request);
  Result<std::shared_ptr<const Plan>> plan(const Request& request) const;
  RunContext run_context(const Settings& settings);

  // dataset_routes.cpp
  void list_datasets(Exchange& exchange);
  void describe_dataset(Exchange& exchange);

  // publish_routes.cpp
  void put_dataset(Exchange& exchange);
  void delete_dataset(Exchange& exchange);
  Result<void> open_published(const ServeOptions& options);
  Result<void> check_publishable(const std::string& name) const;
  Result<void> try_publish(Exchange& exchange);
  Result<void> check_conditions(const std::string& name, const Preconditions& conditions) const;
  Result<bool> keep(const std::string& name, PublishStore::Draft& draft,
                    const Preconditions& conditions);
  Result<void> try_remove(Exchange& exchange);

  // files_routes.cpp
  void list_files(Exchange& exchange);
  void get_file(Exchange& exchange);
  Result<void> try_send_file(Exchange& exchange);

  // status_routes.cpp
  void get_health(Exchange& exchange);
  void get_ready(Exchange& exchange);
  void get_version(Exchange& exchange);
  void get_metrics(Exchange& exchange);
  void get_openapi(Exchange& exchange);
  void get_request(Exchange& exchange);

  // page_route.cpp
  void get_page(Exchange& exchange);

  Guarded<std::shared_ptr<const Settings>> settings_;  // shared with the requests under way
  Sessions sessions_;
  const std::string cache_directory_;
  ConversionReporter conversions_;                 // outlives importer_
  std::unique_ptr<Importer> importer_;             // outlives catalog_
  WorkThread verifier_;                            // as above: checks pages, for --verify
  std::map<std::string, DatasetSpec> configured_;  // by name; only make() and reload() use it
  std::unique_ptr<Catalog> catalog_;
  const bool allows_publish_;
  std::unique_ptr<PublishStore> published_;
  std::atomic<int> publishing_ = 0;              // bodies that are being read
  std::unique_ptr<WindowEngine> window_engine_;  // outlives duckdb_engine_, which uses it
  std::unique_ptr<DuckDbEngine> duckdb_engine_;  // outlives view_engine_, which uses it
  std::unique_ptr<ViewEngine> view_engine_;
  Engines engines_;  // the three, in the order in which they are asked
  Admission admission_;
  Deadlines deadlines_;
  RequestTable requests_;
  FlowMetrics metrics_;
  std::atomic<std::chrono::steady_clock::time_point> next_refusal_line_ =
      std::chrono::steady_clock::time_point{};
  const http::Server* server_ = nullptr;  // outlives every call of handle()
};

}  // namespace bowshot
