#pragma once

#include <string>
#include <vector>

#include "query/cql2.hpp"
#include "query/json_value.hpp"

namespace bowshot {

/// A filter that came as JSON: the same tree that the text's parser makes. The position of each
/// node is an index into `pointers`, which say where in the JSON it stands.
struct JsonFilter {
  SyntaxPtr syntax;
  std::vector<std::string> pointers;  // JSON Pointers (RFC 6901) within the filter
};

/// Reads CQL2 JSON (OGC 21-065r2), the same classes as the text. Errors: `bad_filter` with
/// `pointer`, including too deep (filter_depth: each operation within another counts one) and too
/// many literals (filter_literals).
Result<JsonFilter> read_cql2_json(const JsonValue& filter, const Limits& limits);

/// How many levels a JSON text of such a filter may have before it is not even looked at.
size_t cql2_json_levels_max(const Limits& limits);

}  // namespace bowshot
