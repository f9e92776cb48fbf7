#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>

namespace bowshot {

/// ISO 8601 text, appended to `out`. Every int64 has a text: years outside 0000..9999 are written
/// expanded, with a sign and at least six digits (`+012026-11-22`, `-000001-01-01`), as ECMAScript
/// does. Fractions of a second have 0, 3, 6 or 9 digits, as many as the value needs.

/// `days` since 1970-01-01: `2026-11-22`.
void append_date(int64_t days, std::string& out);
/// Since midnight: `10:00:00.000001`.
void append_time(int64_t value, arrow::TimeUnit::type unit, std::string& out);
/// Since 1970-01-01: `2026-11-22T10:00:00.123`, with a `Z` where it is an instant.
void append_timestamp(int64_t value, arrow::TimeUnit::type unit, bool is_instant, std::string& out);
/// `P1DT2H3M4.5S`, `PT0S`, `-PT0.000001S`: days of 24 hours, the fraction without trailing zeros.
void append_duration(int64_t value, arrow::TimeUnit::type unit, std::string& out);

}  // namespace bowshot
