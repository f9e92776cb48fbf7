#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "encode/negotiation.hpp"
#include "exchange.hpp"
#include "flow/run.hpp"
#include "http_sink.hpp"
#include "log.hpp"

namespace bowshot {

void App::get_shape(Exchange& exchange) {
  const auto parse = [&]() -> Result<Request> {
    BOWSHOT_ASSIGN(const Shape shape, parse_shape(exchange.parts[1]));
    return parse_url_request(exchange.parts[0], shape, exchange.request.query,
                             exchange.settings->limits);
  };
  conclude(exchange, answer_query(exchange, parse()));
}

namespace {

/// Whether a Content-Type names JSON, with or without parameters.
bool is_json(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return std::tolower(c); });
  return type == "application/json";
}

}  // namespace

void App::post_query(Exchange& exchange) {
  exchange.headers.set("Accept-Query", "\"application/json\"");
  if (!exchange.takes_no_parameters()) return;
  const std::string content_type = exchange.request.headers.get("Content-Type");
  if (!is_json(content_type))
    return exchange.send_error(
        {.code = ErrorCode::kUnsupportedMediaType,
         .detail = fmt::format("the Content-Type is \"{}\"; a request is application/json",
                               content_type)});
  const std::string coding = exchange.request.headers.get("Content-Encoding");
  if (!coding.empty() && coding != "identity")
    return exchange.send_error(
        {.code = ErrorCode::kUnsupportedMediaType,
         .detail =
             fmt::format("the Content-Encoding is \"{}\"; a request is sent as it is", coding)});
  const std::string& body = exchange.request.body;
  const Limits& limits = exchange.settings->limits;
  auto outcome = answer_query(exchange, parse_json_request(body, limits));
  if (!outcome) outcome = fail(pointed_into(std::move(outcome).error(), body, limits));
  conclude(exchange, outcome);
}

/// Every query, however it was asked: the answer, or the error that replaces it.
Result<void> App::answer_query(Exchange& exchange, const Result<Request>& request) {
  return request ? try_query(exchange, *request) : fail(Error(request.error()));
}

void App::conclude(Exchange& exchange, const Result<void>& outcome) {
  if (outcome) return;
  const Error& error = outcome.error();
  const ErrorInfo& info = error_info(error.code);
  const bool is_ours = info.status >= 500 || (exchange.writer.started() && info.status != 499);
  const bool is_quiet = error.code == ErrorCode::kOverloaded && !exchange.writer.started() &&
                        !is_refusal_worth_a_line();
  log_event(is_ours && !is_quiet ? spdlog::level::warn : spdlog::level::debug, "request failed",
            {{"request_id", exchange.request_id},
             {"code", std::string(info.name)},
             {"path", exchange.request.path},
             {"bytes", std::to_string(exchange.writer.bytes_written())},
             {"detail", error.detail}});
  exchange.problem = error;
  if (exchange.writer.started()) return;
  if (error.code == ErrorCode::kCancelled) return exchange.writer.abort({});
  exchange.send_error(error);
}

bool App::is_refusal_worth_a_line() {
  const auto now = std::chrono::steady_clock::now();
  auto next = next_refusal_line_.load();
  return now >= next &&
         next_refusal_line_.compare_exchange_strong(next, now + std::chrono::seconds(1));
}

namespace {

std::string answer_etag(const Request& request, const Dataset& dataset,
                        const Negotiated& negotiated) {
  return weak_etag(fmt::format("{}\n{}\n{}\n{}", request.canonical, dataset.version(),
                               negotiated.media_type, content_coding_name(negotiated.coding)));
}

/// What the headers say before anything has run.
void set_query_headers(const Request& request, const Dataset& dataset, const Negotiated& negotiated,
                       http::Headers& headers) {
  headers.set("Bowshot-Version", dataset.version());
  headers.set("Cache-Control",
              request.version ? "private, max-age=31536000, immutable" : "private, no-cache");
  headers.set("Content-Type", negotiated.media_type);
  if (request.download) headers.set("Content-Disposition", content_disposition(*request.download));
}

}  // namespace

Result<std::shared_ptr<const Plan>> App::plan(const Request& request) const {
  BOWSHOT_ASSIGN(const auto dataset, catalog_->current(request.dataset));
  if (request.version && *request.version != dataset->version())
    return fail({.code = ErrorCode::kVersionChanged,
                 .detail = fmt::format("the request is for version {}; the current version is {}",
                                       *request.version, dataset->version()),
                 .parameter = "version"});
  return make_plan(request, dataset);
}

RunContext App::run_context(const Settings& settings) {
  return {.limits = &settings.limits,
          .engines = &engines_,
          .admission = &admission_,
          .deadlines = &deadlines_,
          .metrics = &metrics_};
}

Result<std::unique_ptr<PulledAnswer>> App::pull(std::string_view json, const StopToken& stop) {
  const auto current = settings();
  BOWSHOT_ASSIGN(const Request request, parse_json_request(json, current->limits));
  BOWSHOT_ASSIGN(auto plan, this->plan(request));
  return PulledAnswer::open(run_context(*current), std::move(plan), stop);
}

Result<void> App::try_query(Exchange& exchange, const Request& request) {
  const auto begun = std::chrono::steady_clock::now();
  BOWSHOT_ASSIGN(const auto plan, this->plan(request));
  const Dataset& dataset = *plan->dataset;
  const std::string accept = exchange.request.headers.get("Accept");
  const std::string accept_encoding = exchange.request.headers.get("Accept-Encoding");
  BOWSHOT_ASSIGN(const Negotiated negotiated,
                 negotiate(request.shape, {.format_parameter = request.format.value_or(""),
                                           .accept = accept,
                                           .accept_encoding = accept_encoding,
                                           .is_same_machine = exchange.request.is_same_machine}));
  http::Headers headers = exchange.headers;
  set_query_headers(request, dataset, negotiated, headers);
  std::swap(exchange.headers, headers);  // from here on answers carry them; errors do not
  const auto unchanged = exchange.is_not_modified(answer_etag(request, dataset, negotiated));
  std::swap(exchange.headers, headers);
  if (!unchanged) return std::unexpected(unchanged.error());
  if (*unchanged) return {};
  HttpSink sink(exchange.writer, headers, std::chrono::steady_clock::now() - begun,
                /*takes_body=*/exchange.request.method != "HEAD",
                /*before_last_bytes=*/[&exchange] { exchange.end_request(); });
  auto outcome = run_answer(run_context(*exchange.settings), plan, negotiated, sink, exchange.stop);
  log_event(spdlog::level::debug, "query answered",
            {{"request_id", exchange.request_id},
             {"dataset", request.dataset},
             {"shape", std::string(shape_name(request.shape))},
             {"ok", outcome ? "true" : "false"},
             {"bytes", std::to_string(exchange.writer.bytes_written())}});
  return outcome;
}

}  // namespace bowshot
