#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>

#include "base/shared_cache.hpp"
#include "exchange.hpp"
#include "problem.hpp"
#include "version.hpp"

namespace bowshot {

void App::get_health(Exchange& exchange) {
  if (exchange.takes_no_parameters()) exchange.send(200, "text/plain; charset=utf-8", "ok\n");
}

void App::get_ready(Exchange& exchange) {
  if (!exchange.takes_no_parameters()) return;
  const auto unopened = catalog_->open_all();
  if (unopened.empty()) return exchange.send(200, "text/plain; charset=utf-8", "ready\n");
  std::vector<std::string_view> names;
  for (const auto& dataset : unopened) names.push_back(dataset.name);
  exchange.send_error({.code = ErrorCode::kNotReady,
                       .detail = fmt::format("not open yet: {}; GET /v1/datasets says why",
                                             fmt::join(names, ", "))});
}

void App::get_version(Exchange& exchange) {
  if (!exchange.takes_no_parameters()) return;
  boost::json::object limits;
  for (const LimitInfo& limit : limit_table())
    limits[limit.name] = exchange.settings->limits.*limit.member;
  limits["cache_directory"] = cache_directory_;
  boost::json::array shapes;
  for (const Shape shape : served_shapes())
    shapes.push_back(boost::json::string(shape_name(shape)));
  exchange.send_json(boost::json::serialize(boost::json::object{{"name", "bowshot"},
                                                                {"version", kVersion},
                                                                {"protocol", 1},
                                                                {"engine", kEngineName},
                                                                {"compiler", __VERSION__},
                                                                {"shapes", std::move(shapes)},
                                                                {"limits", std::move(limits)}}));
}

namespace {

double resident_bytes() {
  int64_t pages_total = 0;
  int64_t pages_resident = 0;
  std::ifstream("/proc/self/statm") >> pages_total >> pages_resident;
  return static_cast<double>(pages_resident * sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void write_process_metrics(std::string& out) {
  write_metric(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
  write_metric(out, "process_cpu_seconds_total", "counter", "CPU time used.", cpu_seconds());
}

/// Builds that no request waits for are queries too.
void write_flow_metrics(std::string& out, const FlowMetrics& metrics,
                        const Admission::Counters& admission, int64_t builds_unattended) {
  const auto write = [&](std::string_view name, std::string_view type, std::string_view help,
                         int64_t value) {
    write_metric(out, name, type, help, static_cast<double>(value));
  };
  write("bowshot_queries_running", "gauge", "Queries at work in an engine.",
        metrics.queries_running + builds_unattended);
  write("bowshot_queries_total", "counter", "Queries begun.", metrics.queries_total);
  write("bowshot_queries_failed_total", "counter", "Queries that ended as an error.",
        metrics.queries_failed);
  write("bowshot_queries_cancelled_total", "counter", "Queries whose client left.",
        metrics.queries_cancelled);
  write("bowshot_rows_total", "counter", "Rows sent.", metrics.rows_total);
  write("bowshot_body_bytes_total", "counter", "Bytes of answers' bodies.",
        metrics.body_bytes_total);
  write("bowshot_interactive_running", "gauge", "Interactive slots taken.",
        admission.interactive_running);
  write("bowshot_streams_running", "gauge", "Stream slots taken.", admission.streams_running);
  write("bowshot_queries_waiting", "gauge", "Requests that wait for a slot.", admission.waiting);
  write("bowshot_slots_lent", "gauge",
        "Interactive answers that wait for a view or their reader without a slot.", admission.lent);
  write("bowshot_overloaded_total", "counter", "Requests refused as overloaded.",
        admission.refused_total);
  metrics.queue_seconds.write(out, "bowshot_queue_seconds", "Time spent waiting for a slot.");
  metrics.first_batch_seconds.write(out, "bowshot_first_batch_seconds",
                                    "Time from the slot to the first batch.");
  metrics.cancel_seconds.write(out, "bowshot_cancel_seconds",
                               "Time from a stop to the engine's being idle.");
}

void write_page_cache_metrics(std::string& out, const CacheCounts& counts) {
  const auto write = [&](std::string_view name, std::string_view type, std::string_view help,
                         int64_t value) {
    write_metric(out, name, type, help, static_cast<double>(value));
  };
  write("bowshot_page_cache_hits_total", "counter", "Decoded pages that were at hand.",
        counts.hits);
  write("bowshot_page_cache_misses_total", "counter", "Pages decoded for windows of rows.",
        counts.misses);
  write("bowshot_page_cache_evictions_total", "counter", "Decoded pages dropped for want of room.",
        counts.evictions);
  write("bowshot_page_cache_bytes", "gauge", "Memory of the decoded pages that are kept.",
        counts.bytes);
}

void write_view_metrics(std::string& out, const ViewCounts& counts) {
  const auto write = [&](std::string_view name, std::string_view type, std::string_view help,
                         int64_t value) {
    write_metric(out, name, type, help, static_cast<double>(value));
  };
  write("bowshot_views", "gauge", "Filters and orders that are kept.", counts.views);
  write("bowshot_view_bytes", "gauge", "Memory of the views that are kept.", counts.bytes);
  write("bowshot_view_build_bytes", "gauge", "Memory that builds of views have taken, besides.",
        counts.bytes_building);
  write("bowshot_view_builds_running", "gauge", "Views being built.", counts.builds_running);
  write("bowshot_view_builds_total", "counter", "Builds of views begun.", counts.builds);
  write("bowshot_view_builds_failed_total", "counter", "Builds of views that ended as an error.",
        counts.builds_failed);
  write("bowshot_view_builds_cancelled_total", "counter",
        "Builds of views given up because nobody waited.", counts.builds_cancelled);
  write("bowshot_view_hits_total", "counter", "Answers whose view was at hand.", counts.hits);
  write("bowshot_view_misses_total", "counter", "Answers that waited for a view.", counts.misses);
  write("bowshot_view_evictions_total", "counter", "Views dropped for want of room.",
        counts.evictions);
}

void write_transport_metrics(std::string& out, const http::ServerCounters& counters) {
  const auto write = [&](std::string_view name, std::string_view type, std::string_view help,
                         int64_t value) {
    write_metric(out, name, type, help, static_cast<double>(value));
  };
  write("bowshot_connections_open", "gauge", "Open connections.", counters.connections_open);
  write("bowshot_connections_total", "counter", "Connections accepted.",
        counters.connections_total);
  write("bowshot_http_requests_total", "counter", "HTTP requests read.", counters.requests_total);
  write("bowshot_http_malformed_total", "counter", "HTTP requests refused as malformed.",
        counters.requests_malformed);
  write("bowshot_connections_evicted_total", "counter",
        "Connections without a request that gave their place to others.",
        counters.connections_evicted);
  write("bowshot_slow_readers", "gauge", "Answers whose reader is waited for.",
        counters.readers_waited_for);
  write("bowshot_slow_reader_bytes", "gauge", "Bytes of answers held for readers.",
        counters.reader_bytes);
  write("bowshot_slow_readers_ended_total", "counter",
        "Answers ended because all held too much for slow readers.", counters.readers_ended);
  write("bowshot_http_sent_bytes_total", "counter", "Bytes sent.", counters.bytes_sent);
}

}  // namespace

void App::get_metrics(Exchange& exchange) {
  if (!exchange.takes_no_parameters()) return;
  std::string out;
  const ViewCounts views = view_engine_->counts();
  write_flow_metrics(out, metrics_, admission_.counters(), views.builds_unattended);
  write_page_cache_metrics(out, window_engine_->page_cache_counts());
  write_view_metrics(out, views);
  if (server_ != nullptr) write_transport_metrics(out, server_->counters());
  write_process_metrics(out);
  exchange.send(200, "text/plain; version=0.0.4; charset=utf-8", out);
}

void App::get_openapi(Exchange& exchange) {
  if (!exchange.takes_no_parameters()) return;
  const std::string body = openapi_json(kVersion);
  exchange.send_tagged(weak_etag(body), "application/json", body);
}

void App::get_request(Exchange& exchange) {
  if (!exchange.takes_no_parameters()) return;
  const std::string& id = exchange.parts[0];
  const std::optional<RequestStatus> status = requests_.find(id);
  if (!status)
    return exchange.send_error({.code = ErrorCode::kUnknownPath,
                                .detail = "no request of this id ran within the last 10 minutes"});
  boost::json::object body = {{"id", id}};
  switch (status->state) {
    case RequestStatus::State::kRunning:
      body["state"] = "running";
      break;
    case RequestStatus::State::kDone:
      body["state"] = "done";
      break;
    case RequestStatus::State::kFailed:
      body["state"] = "failed";
      body["problem"] = boost::json::parse(problem_json(*status->problem));
      break;
  }
  exchange.headers.set("Cache-Control", "no-store");
  exchange.send_json(boost::json::serialize(body));
}

}  // namespace bowshot
