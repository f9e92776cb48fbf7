#include "base/limits.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <thread>

namespace bowshot {

namespace {

int64_t memory_bytes() {
  const int64_t machine = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  int64_t cgroup = 0;
  std::ifstream("/sys/fs/cgroup/memory.max") >> cgroup;  // "max" leaves 0
  return cgroup > 0 ? std::min(machine, cgroup) : machine;
}

constexpr std::array<LimitInfo, 19> kLimitTable = {{
    {"head_bytes", &Limits::head_bytes, 1024,
     "Size of a request's line and headers; more is answered 431"},
    {"target_bytes", &Limits::target_bytes, 256,
     "Size of a request's path and query; more is answered 414"},
    {"body_bytes", &Limits::body_bytes, 64, "Size of a JSON request; more is answered 413"},
    {"publish_bytes", &Limits::publish_bytes, 1024,
     "Size of a published table's body, and of all tables in memory together"},
    {"filter_depth", &Limits::filter_depth, 1, "How deep a filter's parts may nest"},
    {"filter_literals", &Limits::filter_literals, 1, "How many values a filter may hold"},
    {"connections", &Limits::connections, 1,
     "Open connections; further ones are told that the server is overloaded"},
    {"interactive_running", &Limits::interactive_running, 1,
     "Answers of at most 100,000 rows that are at work at once"},
    {"streams_running", &Limits::streams_running, 1, "Longer answers that are at work at once"},
    {"waiting", &Limits::waiting, 0,
     "Requests that wait for one of those places; more are answered 503"},
    {"head_seconds", &Limits::head_seconds, 1, "Time for a request's head to arrive"},
    {"idle_seconds", &Limits::idle_seconds, 1,
     "Time that a connection may wait for its next request"},
    {"first_batch_seconds", &Limits::first_batch_seconds, 1,
     "Time until the first rows of an answer are found; more is answered 504"},
    {"stalled_reader_seconds", &Limits::stalled_reader_seconds, 1,
     "Time that a client may read nothing of its answer"},
    {"answer_bytes_held", &Limits::answer_bytes_held, 1 << 16,
     "An answer's share of what all may hold in memory for slow readers"},
    {"engine_memory_bytes", &Limits::engine_memory_bytes, 64 << 20,
     "Memory of the query engine; sorts beyond it go to the disk"},
    {"page_cache_bytes", &Limits::page_cache_bytes, 0,
     "Memory for decoded pages, kept for windows of rows; 0 keeps none"},
    {"view_bytes", &Limits::view_bytes, 0,
     "Memory for what is kept of filters and orders, so that they scroll; 0 keeps none"},
    {"cache_bytes", &Limits::cache_bytes, 0,
     "Size of the cache directory; beyond it what was used longest ago is removed"},
}};

}  // namespace

Limits Limits::make_default() {
  Limits limits;
  limits.interactive_running = int64_t{2} * std::max(1U, std::thread::hardware_concurrency());
  limits.engine_memory_bytes = memory_bytes() / 2;
  limits.page_cache_bytes = std::min(memory_bytes() / 32, int64_t{1} << 30);
  limits.view_bytes = std::min(memory_bytes() / 16, int64_t{1} << 30);
  return limits;
}

std::span<const LimitInfo> limit_table() {
  return kLimitTable;
}

}  // namespace bowshot
