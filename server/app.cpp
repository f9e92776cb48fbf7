#include "app.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "engine/duckdb/duckdb_engine.hpp"
#include "engine/window_engine.hpp"
#include "exchange.hpp"
#include "log.hpp"
#include "page_assets.hpp"
#include "problem.hpp"
#include "query/percent.hpp"

namespace bowshot {

const std::vector<App::RouteInfo>& App::route_table() {
  static const std::vector<RouteInfo> kRoutes = {
      {"/v1/datasets", "GET", &App::list_datasets},
      {"/v1/datasets/{}", "GET", &App::describe_dataset},
      {"/v1/datasets/{}", "PUT", &App::put_dataset},
      {"/v1/datasets/{}", "DELETE", &App::delete_dataset},
      {"/v1/datasets/{}/files", "GET", &App::list_files},
      {"/v1/datasets/{}/files/{}", "GET", &App::get_file},
      {"/v1/datasets/{}/{}", "GET", &App::get_shape},
      {"/v1/query", "POST, QUERY", &App::post_query},
      {"/v1/requests/{}", "GET", &App::get_request},
      {"/v1/login", "POST", &App::login},
      {"/healthz", "GET", &App::get_health},
      {"/readyz", "GET", &App::get_ready},
      {"/version", "GET", &App::get_version},
      {"/metrics", "GET", &App::get_metrics},
      {"/openapi.json", "GET", &App::get_openapi},
  };
  return kRoutes;
}

App::App(const ServeOptions& options)
    : cache_directory_(options.cache_directory),
      allows_publish_(options.allow_publish),
      admission_(options.limits) {}

App::~App() = default;

void App::start() {
  importer_->start();
  verifier_.start();
  view_engine_->start();
}

void App::stop() {
  importer_->stop();
  verifier_.stop();
  // Views are built on: answers under way may wait for them, and end with the server. What nobody
  // waits for ends with this.
}

namespace {

/// This process's folder for sorts beyond memory. Where it cannot be made, such sorts are errors.
std::string spill_directory(const ServeOptions& options) {
  std::error_code failed;
  std::filesystem::create_directories(options.cache_directory, failed);
  if (!failed) return fmt::format("{}/spill-{}", options.cache_directory, getpid());
  log_event(spdlog::level::warn, "the cache directory cannot be made, large sorts will fail",
            {{"what", failed.message()}});
  return {};
}

}  // namespace

Result<std::unique_ptr<App>> App::make(const ServeOptions& options) {
  auto app = std::unique_ptr<App>(new App(options));
  BOWSHOT_ASSIGN(auto settings, Settings::make(options));
  app->settings_.with([&](auto& current) { current = std::move(settings); });
  app->importer_ = std::make_unique<Importer>(options.cache_directory, options.limits.cache_bytes,
                                              &app->conversions_);
  BOWSHOT_TRY(app->open_datasets(options));
  auto windows = WindowEngine::make(options.limits.page_cache_bytes);
  BOWSHOT_ASSIGN(auto duckdb,
                 DuckDbEngine::make({.memory_bytes = options.limits.engine_memory_bytes,
                                     .temporary_directory = spill_directory(options)},
                                    windows.get()));
  auto views = std::make_unique<ViewEngine>(
      duckdb.get(), ViewStore::Options{.bytes_max = options.limits.view_bytes,
                                       .before_wait = [slots = &app->admission_] { slots->lend(); },
                                       .after_wait =
                                           [slots = &app->admission_](const StopToken& stop) {
                                             return slots->take_back(stop);
                                           }});
  app->engines_.engines = {windows.get(), views.get(), duckdb.get()};  // shortcuts are asked first
  app->window_engine_ = std::move(windows);
  app->duckdb_engine_ = std::move(duckdb);
  app->view_engine_ = std::move(views);
  return app;
}

std::shared_ptr<const Settings> App::settings() const {
  return settings_.with([](const auto& current) { return current; });
}

void App::handle(const http::Request& request, http::ResponseWriter& writer,
                 const StopToken& stop) {
  const auto begun = std::chrono::steady_clock::now();
  Exchange exchange{.request = request,
                    .writer = writer,
                    .stop = stop,
                    .settings = settings(),
                    .headers = {},
                    .path = decode_unreserved(request.path),
                    .parts = {},
                    .request_id = {},
                    .problem = {},
                    .requests = &requests_};
  try {
    dispatch(exchange);
  } catch (const std::exception& exception) {
    answer_exception(exchange, exception.what());
  }
  end_exchange(exchange, begun);
}

void App::answer_exception(Exchange& exchange, const char* what) {
  if (exchange.request_id.empty()) exchange.request_id = requests_.begin();
  log_event(spdlog::level::err, "request failed",
            {{"request_id", exchange.request_id},
             {"method", exchange.request.method},
             {"path", exchange.request.path},
             {"what", what}});
  const Error error{
      .code = ErrorCode::kInternal,
      .detail = fmt::format("the server's log tells more under the id {}", exchange.request_id)};
  if (!exchange.writer.started()) return exchange.send_error(error);
  exchange.problem = error;
  exchange.writer.abort({});
}

/// What became of it, for the request table and the log.
void App::end_exchange(Exchange& exchange, std::chrono::steady_clock::time_point begun) {
  exchange.end_request();
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begun;
  log_event(spdlog::level::debug, "request",
            {{"request_id", exchange.request_id},
             {"method", exchange.request.method},
             {"path", exchange.request.path},
             {"status", std::to_string(exchange.writer.status())},
             {"code", exchange.problem ? std::string(error_info(exchange.problem->code).name) : ""},
             {"bytes", std::to_string(exchange.writer.bytes_written())},
             {"ms", fmt::format("{:.3f}", time.count())}});
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
  const AccessPolicy& access = exchange.settings->access;
  const bool is_api = exchange.path.starts_with("/v1/") || exchange.path == "*";
  exchange.headers.set("Vary", exchange.settings->token
                                   ? "Accept, Accept-Encoding, Authorization, Origin, Cookie"
                                   : "Accept, Accept-Encoding, Authorization, Origin");
  exchange.headers.set("X-Content-Type-Options", "nosniff");
  exchange.headers.set("Cache-Control", "private, no-cache");
  const auto allowed = access.check(request, !is_api);
  const bool may_read_answer = allowed || (allowed.error().code == ErrorCode::kForbiddenOrigin &&
                                           request.method != "OPTIONS");
  if (may_read_answer) access.add_cors_headers(request, exchange.headers);
  if (exchange.path != "/healthz" && find_page_asset(exchange.path) == nullptr) {
    exchange.request_id = requests_.begin();
    exchange.headers.set("Bowshot-Request", exchange.request_id);
  }
  if (!allowed) return exchange.send_error(allowed.error());
  if (const auto known = authorize(exchange); !known) return exchange.send_error(known.error());
  if (exchange.path == "*")
    return answer_options(exchange, "GET, HEAD, OPTIONS, POST, QUERY, PUT, DELETE");

  std::string methods;
  for (const RouteInfo& route : route_table()) {
    const auto parts = match(route.pattern, exchange.path);
    if (!parts) continue;
    if (!allows(methods, route.methods))
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
    exchange.settings->access.add_preflight_headers(exchange.request, methods, exchange.headers);
  (void)exchange.writer.send(204, exchange.headers, "");
}

}  // namespace bowshot
