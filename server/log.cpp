#include "log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/json.hpp>

namespace bowshot {

namespace {

/// The logger that takes events as members of a JSON object; there is one in the format json only.
constexpr const char* kJsonEvents = "bowshot.events";

/// One JSON object a line, from an event's members or from a plain message.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const std::string_view payload(message.payload.data(), message.payload.size());
    const std::string_view logger(message.logger_name.data(), message.logger_name.size());
    const auto level = spdlog::level::to_string_view(message.level);
    const auto millis = std::chrono::floor<std::chrono::milliseconds>(message.time);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(millis);
    const std::string members =
        logger == kJsonEvents ? std::string(payload)
                              : "\"event\":" + boost::json::serialize(boost::json::string(payload));
    fmt::format_to(std::back_inserter(line),
                   "{{\"time\":\"{:%Y-%m-%dT%H:%M:%S}.{:03}Z\",\"level\":\"{}\",{}}}\n",
                   fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                   (millis - seconds).count(), std::string_view(level.data(), level.size()),
                   members);
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

/// Bare where it can be told from what is around it, else as a JSON text.
std::string text_value(const std::string& value) {
  const bool is_plain = !value.empty() && std::ranges::all_of(value, [](unsigned char c) {
    return c > ' ' && c != '"' && c != '=' && c != '\\' && c < 0x7F;
  });
  return is_plain ? value : boost::json::serialize(boost::json::string(value));
}

}  // namespace

void start_log(const std::string& level, const std::string& format) {
  auto log = spdlog::stderr_logger_mt("bowshot");
  if (format == "json") {
    log->set_formatter(std::make_unique<JsonFormatter>());
    spdlog::register_logger(log->clone(kJsonEvents));
  } else {
    log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  }
  spdlog::set_default_logger(std::move(log));
  set_log_level(level);
}

void set_log_level(const std::string& level) {
  spdlog::set_level(spdlog::level::from_str(level));
}

void log_event(spdlog::level::level_enum level, std::string_view event,
               std::initializer_list<LogField> fields) {
  if (!spdlog::should_log(level)) return;
  const auto json_events = spdlog::get(kJsonEvents);
  std::string line;
  if (json_events) {
    line = "\"event\":" + boost::json::serialize(boost::json::string(event));
    for (const LogField& field : fields)
      line += fmt::format(",\"{}\":{}", field.name,
                          boost::json::serialize(boost::json::string(field.value)));
    json_events->log(level, std::string_view(line));
    return;
  }
  line = event;
  for (const LogField& field : fields)
    line += fmt::format(" {}={}", field.name, text_value(field.value));
  spdlog::log(level, std::string_view(line));
}

}  // namespace bowshot
