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
    {"head_bytes", &Limits::head_bytes, 1024, "size of a request's head"},
    {"target_bytes", &Limits::target_bytes, 256, "size of a request's target (path and query)"},
    {"body_bytes", &Limits::body_bytes, 64, "size of a JSON body"},
    {"publish_bytes", &Limits::publish_bytes, 1024, "size of a published body"},
    {"filter_depth", &Limits::filter_depth, 1, "nesting of a filter"},
    {"filter_literals", &Limits::filter_literals, 1, "literals in a filter"},
    {"connections", &Limits::connections, 1, "open connections"},
    {"interactive_running", &Limits::interactive_running, 1, "interactive answers at work at once"},
    {"streams_running", &Limits::streams_running, 1, "streams at work at once"},
    {"waiting", &Limits::waiting, 0, "requests that wait for a slot"},
    {"head_seconds", &Limits::head_seconds, 1, "time for a request's head to arrive"},
    {"idle_seconds", &Limits::idle_seconds, 1, "time a kept-alive connection may idle"},
    {"first_batch_seconds", &Limits::first_batch_seconds, 1, "time until an answer's first batch"},
    {"stalled_reader_seconds", &Limits::stalled_reader_seconds, 1,
     "time a client may read nothing of its answer"},
    {"answer_bytes_held", &Limits::answer_bytes_held, 1 << 16,
     "bytes an answer may hold in memory"},
    {"engine_memory_bytes", &Limits::engine_memory_bytes, 64 << 20, "memory of the query engine"},
    {"page_cache_bytes", &Limits::page_cache_bytes, 0, "memory of decoded pages kept for windows"},
    {"view_bytes", &Limits::view_bytes, 0, "memory of what is kept for filters and orders"},
    {"cache_bytes", &Limits::cache_bytes, 0, "size of the cache directory"},
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
