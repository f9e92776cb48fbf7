#include "app.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "engine/duckdb/duckdb_engine.hpp"
#include "engine/parquet/parquet_engine.hpp"
#include "exchange.hpp"
#include "problem.hpp"
#include "query/percent.hpp"

namespace bowshot {

const std::vector<App::RouteInfo>& App::route_table() {
  static const std::vector<RouteInfo> kRoutes = {
      {"/v1/datasets", "GET", &App::list_datasets},
      {"/v1/datasets/{}", "GET", &App::describe_dataset},
      {"/v1/datasets/{}", "PUT, DELETE", &App::publish},
      {"/v1/datasets/{}/{}", "GET", &App::get_shape},
      {"/v1/query", "POST, QUERY", &App::post_query},
      {"/v1/requests/{}", "GET", &App::get_request},
      {"/healthz", "GET", &App::get_health},
      {"/readyz", "GET", &App::get_ready},
      {"/version", "GET", &App::get_version},
      {"/metrics", "GET", &App::get_metrics},
      {"/openapi.json", "GET", &App::get_openapi},
  };
  return kRoutes;
}

App::App(const ServeOptions& options)
    : limits_(options.limits),
      cache_directory_(options.cache_directory),
      access_(options.allowed_hosts, options.allowed_origins),
      admission_(options.limits) {}

App::~App() = default;

void App::start() {
  importer_->start();
}

void App::stop() {
  importer_->stop();
}

namespace {

/// This process's folder for sorts beyond memory. Where it cannot be made, such sorts are errors.
std::string spill_directory(const ServeOptions& options) {
  std::error_code failed;
  std::filesystem::create_directories(options.cache_directory, failed);
  if (!failed) return fmt::format("{}/spill-{}", options.cache_directory, getpid());
  spdlog::warn("the cache directory cannot be made, large sorts will fail what=\"{}\"",
               failed.message());
  return {};
}

}  // namespace

Result<std::unique_ptr<App>> App::make(const ServeOptions& options) {
  auto app = std::unique_ptr<App>(new App(options));
  std::vector<DatasetSpec> specs;
  for (const std::string& argument : options.datasets) {
    BOWSHOT_ASSIGN(DatasetSpec spec, DatasetSpec::parse(argument));
    specs.push_back(std::move(spec));
  }
  app->importer_ = std::make_unique<Importer>(options.cache_directory, options.limits.cache_bytes,
                                              &app->conversions_);
  BOWSHOT_ASSIGN(app->catalog_, Catalog::make(specs, app->importer_.get()));
  BOWSHOT_TRY(app->open_datasets());
  auto windows = ParquetEngine::make(options.limits.page_cache_bytes);
  BOWSHOT_ASSIGN(auto duckdb,
                 DuckDbEngine::make({.memory_bytes = options.limits.engine_memory_bytes,
                                     .temporary_directory = spill_directory(options)},
                                    windows.get()));
  app->engines_.engines = {windows.get(), duckdb.get()};  // the shortcut is asked first
  app->parquet_engine_ = std::move(windows);
  app->duckdb_engine_ = std::move(duckdb);
  return app;
}

/// One dataset that cannot be opened hides none of the others; where none can, nothing is served.
Result<void> App::open_datasets() {
  auto unopened = catalog_->open_all();
  const auto is_broken = [](const Catalog::Unopened& dataset) {
    return dataset.error.code != ErrorCode::kNotReady;
  };
  if (!unopened.empty() && unopened.size() == catalog_->names().size() &&
      std::ranges::all_of(unopened, is_broken)) {
    auto& [name, error] = unopened.front();
    error.detail = fmt::format("dataset {}: {}", name, error.detail);
    return std::unexpected(std::move(error));
  }
  for (const auto& [name, error] : unopened)
    spdlog::warn("dataset cannot be opened dataset={} what=\"{}\"", name, error.detail);
  return {};
}

void App::handle(const http::Request& request, http::ResponseWriter& writer,
                 const StopToken& stop) {
  Exchange exchange{.request = request,
                    .writer = writer,
                    .stop = stop,
                    .headers = {},
                    .path = decode_unreserved(request.path),
                    .parts = {}};
  try {
    dispatch(exchange);
  } catch (const std::exception& exception) {
    const std::string id = requests_.begin();
    const Error error{.code = ErrorCode::kInternal,
                      .detail = fmt::format("the server's log tells more under the id {}", id)};
    spdlog::error("request failed request_id={} method={} path={} what={}", id, request.method,
                  request.path, exception.what());
    requests_.fail(id, error);
    if (!writer.started())
      exchange.send_error(error);
    else
      writer.abort({});
  }
}

namespace {

/// Splits "/v1/datasets/x" against "/v1/datasets/{}": the parts, still encoded, or nothing.
std::optional<std::vector<std::string_view>> match(std::string_view pattern,
                                                   std::string_view path) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t pattern_end = std::min(pattern.find('/', 1), pattern.size());
    const size_t path_end = std::min(path.find('/', 1), path.size());
    if (pattern.substr(0, pattern_end) == "/{}" && path_end > 1)
      parts.push_back(path.substr(1, path_end - 1));
    else if (pattern.substr(0, pattern_end) != path.substr(0, path_end))
      return std::nullopt;
    pattern.remove_prefix(pattern_end);
    path.remove_prefix(path_end);
    if (pattern.empty() || path.empty()) break;
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return parts;
}

/// Whether a comma-separated list of methods has this one; GET stands for HEAD too.
bool allows(std::string_view methods, std::string_view method) {
  if (method == "HEAD") method = "GET";
  while (!methods.empty()) {
    const size_t end = std::min(methods.find(", "), methods.size());
    if (methods.substr(0, end) == method) return true;
    methods.remove_prefix(std::min(end + 2, methods.size()));
  }
  return false;
}

std::string with_implied_methods(std::string_view methods) {
  return fmt::format("{}{}, OPTIONS", methods, allows(methods, "GET") ? ", HEAD" : "");
}

}  // namespace

void App::dispatch(Exchange& exchange) {
  const http::Request& request = exchange.request;
  const bool is_api = exchange.path.starts_with("/v1/") || exchange.path == "*";
  exchange.headers.set("Vary", "Accept, Accept-Encoding, Authorization, Origin");
  exchange.headers.set("X-Content-Type-Options", "nosniff");
  exchange.headers.set("Cache-Control", "private, no-cache");
  const auto allowed = access_.check(request, !is_api);
  const bool may_read_answer = allowed || (allowed.error().code == ErrorCode::kForbiddenOrigin &&
                                           request.method != "OPTIONS");
  if (may_read_answer) access_.add_cors_headers(request, exchange.headers);
  if (!allowed) return exchange.send_error(allowed.error());
  if (exchange.path == "*")
    return answer_options(exchange, "GET, HEAD, OPTIONS, POST, QUERY, PUT, DELETE");

  std::string methods;
  for (const RouteInfo& route : route_table()) {
    const auto parts = match(route.pattern, exchange.path);
    if (!parts) continue;
    methods += (methods.empty() ? "" : ", ") + std::string(route.methods);
    if (!allows(route.methods, request.method)) continue;
    for (const std::string_view part : *parts) {
      auto decoded = percent_decode(part, /*plus_is_space=*/false);
      if (!decoded) return exchange.send_error(decoded.error());
      exchange.parts.push_back(*std::move(decoded));
    }
    return (this->*route.route)(exchange);
  }
  const bool is_page = methods.empty();  // what is no route may be a file of the page
  if (is_page) methods = "GET";
  if (request.method == "OPTIONS") return answer_options(exchange, with_implied_methods(methods));
  if (is_page && allows(methods, request.method)) return get_page(exchange);
  exchange.headers.set("Allow", with_implied_methods(methods));
  exchange.send_error({.code = ErrorCode::kMethodNotAllowed,
                       .detail = fmt::format("{} is not one of {}", request.method,
                                             with_implied_methods(methods))});
}

void App::answer_options(Exchange& exchange, std::string_view methods) {
  exchange.headers.set("Allow", std::string(methods));
  if (exchange.path == "/v1/query") exchange.headers.set("Accept-Query", "\"application/json\"");
  if (exchange.request.headers.has("Access-Control-Request-Method"))
    access_.add_preflight_headers(exchange.request, methods, exchange.headers);
  (void)exchange.writer.send(204, exchange.headers, "");
}

}  // namespace bowshot
