#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bowshot {

/// Every limit of the server; protocol/PROTOCOL.md, section 8. Bytes, seconds, or plain numbers,
/// as the name's last word says.
struct Limits {
  int64_t head_bytes = 32 << 10;
  int64_t target_bytes = 16 << 10;
  int64_t body_bytes = 1 << 20;
  int64_t publish_bytes = int64_t{4} << 30;
  int64_t filter_depth = 100;
  int64_t filter_literals = 10'000;
  int64_t connections = 1'024;
  int64_t interactive_running = 4;  // 2 x cores; make_default() sets it
  int64_t streams_running = 64;
  int64_t waiting = 256;
  int64_t head_seconds = 10;
  int64_t idle_seconds = 75;
  int64_t first_batch_seconds = 60;
  int64_t stalled_reader_seconds = 300;
  int64_t answer_bytes_held = 16 << 20;
  int64_t engine_memory_bytes = int64_t{4} << 30;  // half of the machine's or cgroup's memory
  int64_t page_cache_bytes = int64_t{256} << 20;   // 1/32 of that memory, at most 1 GiB
  int64_t view_bytes = int64_t{512} << 20;         // 1/16 of that memory, at most 1 GiB
  int64_t cache_bytes = int64_t{16} << 30;

  /// With what depends on the machine: cores and memory (of the cgroup, where it is less).
  static Limits make_default();
};

struct LimitInfo {
  std::string_view name;  // the key in bowshot.toml, in /version, and --flag with - for _
  int64_t Limits::* member;
  int64_t min;
  std::string_view description;
};

/// One row a limit; the command line, the configuration file and /version all read this table.
std::span<const LimitInfo> limit_table();

/// Rows answers with at most this many rows are interactive; the others are streams.
inline constexpr int64_t kInteractiveRowsMax = 100'000;
/// So many rows are put in order at once, to be kept.
inline constexpr int64_t kOrderRowsMax = 50'000'000;
/// protocol/PROTOCOL.md, section 4.
inline constexpr int64_t kHistogramBinsMax = 10'000;
inline constexpr int64_t kSampleRowsMax = 10'000'000;
/// Arrow answers: protocol/PROTOCOL.md, section 5.
inline constexpr int64_t kBatchRowsMax = 65'536;
inline constexpr int64_t kBatchBytesTarget = 4 << 20;
inline constexpr int64_t kFirstBatchRowsMax = 4'096;
/// Answers that end below this size are never compressed.
inline constexpr int64_t kCompressBytesMin = 16 << 10;

}  // namespace bowshot
