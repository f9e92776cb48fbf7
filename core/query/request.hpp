#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.hpp"
#include "query/cql2.hpp"

namespace bowshot {

enum class Shape {
  kRows,
  kCount,
  kAggregate,
  kProfile,
  kValues,
  kHistogram,
  kSample,
  kSeries,
  kDensity,
};
std::string_view shape_name(Shape shape);
/// `unknown_shape` with suggestions; also for shapes of the protocol that are not served yet.
Result<Shape> parse_shape(std::string_view name);
/// The shapes that this build serves.
std::span<const Shape> served_shapes();

/// A request as the client wrote it: syntax checked, names and types not yet. Immutable.
struct Request {
  std::string dataset;
  Shape shape = Shape::kRows;
  SyntaxPtr filter;            // null: no filter
  std::string filter_pointer;  // JSON Pointer of the filter; empty: from a URL
  /// Of a filter in CQL2 JSON: where its nodes stand within it, by their `position`; else empty.
  std::vector<std::string> filter_pointers;
  std::vector<Item> compute;
  std::vector<Item> select;  // rows, sample; empty: all
  std::vector<Item> order;
  std::vector<Item> by;               // aggregate
  std::vector<Item> measures;         // aggregate; empty: count()
  std::optional<Item> column;         // values, histogram: always there
  std::optional<std::string> prefix;  // values
  int64_t bins = 0;                   // histogram
  std::optional<std::string> min;     // histogram; as written: a number or a time
  std::optional<std::string> max;
  int64_t size = 0;             // sample
  uint64_t seed = 0;            // sample
  std::optional<Item> stratum;  // sample: `by`
  std::vector<Item> columns;    // profile; empty: all
  int64_t offset = 0;
  std::optional<int64_t> limit;
  std::optional<std::string> format;    // as named by `format`; negotiation is encode's
  std::optional<std::string> version;   // the pin
  std::optional<std::string> download;  // a file name
  /// The same for requests that mean the same however they were written (order of parameters,
  /// aliases, GET or JSON): what an ETag is made of. A URL that holds dataset, shape and every
  /// parameter that says which rows; not `format`, `version` and `download`, which say how to send.
  std::string canonical;
};

/// Where a parameter's value goes. `filter-lang` has no place of its own: it says how to read
/// another.
using RequestMember =
    std::variant<std::monostate, SyntaxPtr Request::*, std::vector<Item> Request::*,
                 std::optional<Item> Request::*, std::optional<std::string> Request::*,
                 int64_t Request::*, uint64_t Request::*, std::optional<int64_t> Request::*>;

/// One row a parameter: the only place where parameters are defined. A name that means another
/// thing for other shapes has a row for each meaning. URL and JSON validation, the
/// canonical form and /openapi.json read it. A new parameter is a row here and a member of Request.
struct ParameterInfo {
  enum class Kind {
    kFilter,
    kFilterLanguage,
    kComputeList,
    kNameList,
    kOrderList,
    kKeyList,  // `by`
    kMeasureList,
    kColumn,  // one name
    kText,    // any text
    kBound,   // a number or a time: what it is depends on the column
    kInteger,
    kUnsigned,  // uint64
    kFormat,
    kVersion,
    kFileName,
  };
  std::string_view name;
  std::string_view alias = {};  // `skip` for offset
  Kind kind;
  RequestMember member = {};
  std::span<const Shape> shapes = {};  // empty: every shape
  std::string_view description;
  std::string_view example = {};       // as decoded text
  std::string_view default_text = {};  // what leaving it out means, where that can be written
  int64_t min = 0;                     // kInteger
  int64_t max = INT64_MAX;
  bool required = false;

  bool is_list() const;
  /// Whether a JSON object {"alias": "expression"} is one of its forms.
  bool takes_object() const { return kind == Kind::kComputeList || kind == Kind::kMeasureList; }
};
std::span<const ParameterInfo> parameter_table();
/// The table's row for a name or an alias, among the parameters of one shape; null: none.
const ParameterInfo* find_parameter(std::string_view name, Shape shape);
bool applies_to(const ParameterInfo& parameter, Shape shape);

/// The parameters of `GET /v1/datasets/{dataset}/{shape}?query`; `query` is still percent-encoded.
/// Errors: `unknown_parameter` (with suggestions), `bad_parameter`, `missing_parameter`,
/// `bad_filter`; each with `parameter`, and `position` where a text is at fault.
Result<Request> parse_url_request(std::string dataset, Shape shape, std::string_view query,
                                  const Limits& limits);

/// The JSON body of `POST /v1/query`. Also `bad_json`, `unknown_shape`.
Result<Request> parse_json_request(std::string_view body, const Limits& limits);

/// An error of that request, whoever found it, with a `pointer` to its parameter where it had none.
Error pointed_into(Error error, std::string_view body, const Limits& limits);

/// Decodes `%41` and, where asked, `+` to a space; `bad_parameter` for a broken escape or bytes
/// that are not UTF-8, with `position` in the decoded text. The caller adds the parameter's name.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// The OpenAPI 3.1 document of the whole API as JSON, made from parameter_table(), error_table()
/// and the shapes.
std::string openapi_json(std::string_view server_version);

}  // namespace bowshot
