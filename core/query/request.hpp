#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "query/cql2.hpp"

namespace bowshot {

enum class Shape { kRows, kCount, kAggregate, kProfile, kValues, kHistogram, kSample, kSeries, kDensity };
std::string_view shape_name(Shape shape);
/// `unknown_shape` with suggestions; also for shapes of the protocol that are not served yet.
Result<Shape> parse_shape(std::string_view name);
/// The shapes that this build serves: rows, count, aggregate.
std::span<const Shape> served_shapes();

/// One row a parameter: the only place where parameters are defined. URL and JSON validation and
/// /openapi.json read it.
struct ParameterInfo {
  std::string_view name;
  std::string_view alias;  // `skip` for offset; may be empty
  enum class Kind { kText, kInteger, kFormat, kFilterLanguage, kNameList, kOrderList, kFunctionList, kComputeList } kind;
  std::span<const Shape> shapes;  // empty: every shape
  int64_t min = 0;                // kInteger
  int64_t max = INT64_MAX;
  std::string_view description;
};
std::span<const ParameterInfo> parameter_table();

/// A request as the client wrote it: syntax checked, names and types not yet. Immutable.
struct Request {
  std::string dataset;
  Shape shape = Shape::kRows;
  SyntaxPtr filter;                     // null: no filter
  std::vector<Item> compute;
  std::vector<Item> select;             // rows; empty: all
  std::vector<Item> order;
  std::vector<Item> by;                 // aggregate
  std::vector<Item> measures;           // aggregate; empty: count()
  int64_t offset = 0;
  std::optional<int64_t> limit;
  std::optional<std::string> format;    // as named by `format`; negotiation is encode's
  std::optional<std::string> version;   // the pin
  std::optional<std::string> download;  // a file name
  /// The same for requests that mean the same however they were written (order of parameters,
  /// aliases, GET or JSON): what an ETag is made of. Holds shape, dataset and parameters, not format.
  std::string canonical;
};

/// The parameters of `GET /v1/datasets/{dataset}/{shape}?query`; `query` is still percent-encoded.
/// Errors: `unknown_parameter` (with suggestions), `bad_parameter`, `missing_parameter`,
/// `bad_filter`; each with `parameter`, and `position` where a text is at fault.
Result<Request> parse_url_request(std::string dataset, Shape shape, std::string_view query,
                                  const Limits& limits);

/// The JSON body of `POST /v1/query`. Also `bad_json`, `unknown_shape`.
Result<Request> parse_json_request(std::string_view body, const Limits& limits);

/// Decodes `%41` and `+`; `bad_parameter` for a broken escape or bytes that are not UTF-8.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// The OpenAPI 3.1 document of the whole API as JSON, made from parameter_table(), error_table()
/// and the shapes.
std::string openapi_json(std::string_view server_version);

}  // namespace bowshot
