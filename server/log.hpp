#pragma once

#include <spdlog/common.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace bowshot {

/// How the log is written to standard error: `text` lines, or one JSON object a line. `level` and
/// `format` are as the options have them. Once, before anything logs.
void start_log(const std::string& level, const std::string& format);
/// While the process runs.
void set_log_level(const std::string& level);

struct LogField {
  std::string_view name;
  std::string value;
};

/// One event with its facts: `2026-11-23T05:00:00.000+0000 warn query failed request_id=... `, or
/// {"time":...,"level":"warn","event":"query failed","request_id":...}. From any thread.
void log_event(spdlog::level::level_enum level, std::string_view event,
               std::initializer_list<LogField> fields);

}  // namespace bowshot
