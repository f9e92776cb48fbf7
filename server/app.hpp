#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access.hpp"
#include "conversion_reporter.hpp"
#include "engine/engine.hpp"
#include "engine/parquet/parquet_engine.hpp"
#include "flow/admission.hpp"
#include "flow/deadlines.hpp"
#include "flow/metrics.hpp"
#include "flow/request_table.hpp"
#include "options.hpp"
#include "query/request.hpp"
#include "shape/shapes.hpp"
#include "source/catalog.hpp"
#include "transport/http/server.hpp"

namespace bowshot {

/// The process's state and its routes: datasets, engines, slots, the request table, metrics.
/// Immutable but for what guards itself; handle() is called from many threads at once.
class App {
 public:
  /// Opens the datasets (but what is converted first) and the engines. An error, where no dataset
  /// can be opened, says why.
  static Result<std::unique_ptr<App>> make(const ServeOptions& options);
  ~App();

  /// Datasets that need it are converted from now on; until stop(), which is idempotent.
  void start();
  void stop();

  /// Answers one request: access, route, answer; the last catch of the process.
  void handle(const http::Request& request, http::ResponseWriter& writer, const StopToken& stop);

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
  Result<void> open_datasets();
  void dispatch(Exchange& exchange);
  void answer_options(Exchange& exchange, std::string_view methods);

  // query_route.cpp
  void get_shape(Exchange& exchange);
  void post_query(Exchange& exchange);
  void publish(Exchange& exchange);
  void answer_query(Exchange& exchange, const Result<Request>& request);
  Result<void> try_query(Exchange& exchange, const std::string& id, const Request& request);

  // dataset_routes.cpp
  void list_datasets(Exchange& exchange);
  void describe_dataset(Exchange& exchange);

  // status_routes.cpp
  void get_health(Exchange& exchange);
  void get_ready(Exchange& exchange);
  void get_version(Exchange& exchange);
  void get_metrics(Exchange& exchange);
  void get_openapi(Exchange& exchange);
  void get_request(Exchange& exchange);

  // page_route.cpp
  void get_page(Exchange& exchange);

  const Limits limits_;
  const std::string cache_directory_;
  const AccessPolicy access_;
  ConversionReporter conversions_;      // outlives importer_
  std::unique_ptr<Importer> importer_;  // outlives catalog_
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<ParquetEngine> parquet_engine_;  // outlives duckdb_engine_, which uses it
  std::unique_ptr<Engine> duckdb_engine_;
  Engines engines_;  // the two, in the order in which they are asked
  Admission admission_;
  Deadlines deadlines_;
  RequestTable requests_;
  FlowMetrics metrics_;
  const http::Server* server_ = nullptr;  // outlives every call of handle()
};

}  // namespace bowshot
