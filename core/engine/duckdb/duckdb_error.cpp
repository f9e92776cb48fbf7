#include <spdlog/spdlog.h>

#include <array>
#include <string_view>

#include "engine/duckdb/running_query.hpp"

namespace bowshot {
namespace {

/// DuckDB's name of an error before its message. A pending query tells no type but this.
struct Prefix {
  std::string_view text;
  duckdb_error_type type;
};
constexpr std::array<Prefix, 13> kPrefixes = {{
    {"Out of Range Error", DUCKDB_ERROR_OUT_OF_RANGE},
    {"Conversion Error", DUCKDB_ERROR_CONVERSION},
    {"Out of Memory Error", DUCKDB_ERROR_OUT_OF_MEMORY},
    {"INTERRUPT Error", DUCKDB_ERROR_INTERRUPT},
    {"IO Error", DUCKDB_ERROR_IO},
    {"Invalid Input Error", DUCKDB_ERROR_INVALID_INPUT},
    {"Serialization Error", DUCKDB_ERROR_SERIALIZATION},
    {"TProtocolException", DUCKDB_ERROR_SERIALIZATION},
    {"Binder Error", DUCKDB_ERROR_BINDER},
    {"Parser Error", DUCKDB_ERROR_PARSER},
    {"INTERNAL Error", DUCKDB_ERROR_INTERNAL},
    {"FATAL Error", DUCKDB_ERROR_FATAL},
    {"Not implemented Error", DUCKDB_ERROR_NOT_IMPLEMENTED},
}};

duckdb_error_type type_of(std::string_view message, duckdb_error_type type) {
  if (type != DUCKDB_ERROR_INVALID && type != DUCKDB_ERROR_UNKNOWN_TYPE) return type;
  for (const Prefix& prefix : kPrefixes)
    if (message.starts_with(prefix.text)) return prefix.type;
  return type;
}

struct Cause {
  std::string_view message;
  duckdb_error_type type;
};

/// A query that fails while a fetch waits for it says that it was closed, and only then why.
Cause cause_of(std::string_view message, duckdb_error_type type) {
  constexpr std::string_view kClosed = "closed pending query result\nError: ";
  const size_t found = message.find(kClosed);
  if (found == std::string_view::npos) return {.message = message, .type = type};
  return {.message = message.substr(found + kClosed.size()), .type = DUCKDB_ERROR_INVALID};
}

}  // namespace

bool is_fatal(std::string_view message, duckdb_error_type type) {
  const Cause cause = cause_of(message, type);
  return type_of(cause.message, cause.type) == DUCKDB_ERROR_FATAL ||
         message.find("database has been invalidated") != std::string_view::npos;
}

Error duckdb_error(std::string_view message, duckdb_error_type type) {
  const Cause cause = cause_of(message, type);
  // What follows is advice to whoever types SQL, or the statement itself.
  const std::string_view text = cause.message.substr(0, cause.message.find('\n'));
  switch (type_of(text, cause.type)) {
    case DUCKDB_ERROR_OUT_OF_RANGE:
    case DUCKDB_ERROR_CONVERSION:
    case DUCKDB_ERROR_DECIMAL:
      spdlog::debug("duckdb overflow: {}", text);
      return {.code = ErrorCode::kOverflow,
              .detail = "a value does not fit its type (int64, decimal128 or a time)"};
    case DUCKDB_ERROR_OUT_OF_MEMORY:
      spdlog::warn("duckdb out of memory: {}", text);
      return {
          .code = ErrorCode::kOutOfMemory,
          .detail = "the query needs more memory than the engine may use (engine_memory_bytes)"};
    case DUCKDB_ERROR_IO:
      if (text.find("No space left") != std::string_view::npos)
        return {.code = ErrorCode::kOutOfSpace, .detail = "no space left for temporary data"};
      [[fallthrough]];
    case DUCKDB_ERROR_INVALID_INPUT:
      if (text.find("Invalid string encoding") != std::string_view::npos)  // it quotes the text
        return {.code = ErrorCode::kBadData, .detail = "a column holds text that is not UTF-8"};
      [[fallthrough]];
    case DUCKDB_ERROR_SERIALIZATION:
      spdlog::warn("duckdb cannot read: {}", text);
      return {.code = ErrorCode::kBadData, .detail = "the data cannot be read"};
    default:
      break;
  }
  spdlog::error("duckdb failed: {}", message);
  return {.code = ErrorCode::kInternal, .detail = "the engine failed"};
}

}  // namespace bowshot
