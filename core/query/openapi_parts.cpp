#include "query/openapi_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "base/limits.hpp"

namespace bowshot::openapi {

namespace {

namespace json = boost::json;

using Kind = ParameterInfo::Kind;

/// The formats of encode/, which comes later along the data's way and has the table that counts;
/// tests/test_http.py compares the two.
struct FormatInfo {
  std::string_view name;
  std::string_view media_type;
  std::string_view description;
};
constexpr std::array<FormatInfo, 6> kFormats = {{
    {"arrow", "application/vnd.apache.arrow.stream", "An Arrow IPC stream."},
    {"json", "application/json", "Columns and rows; 64-bit integers beyond 2^53 as text."},
    {"csv", "text/csv; charset=utf-8", "RFC 4180, with a header row."},
    {"ndjson", "application/x-ndjson", "One JSON object a line."},
    {"arrow-file", "application/vnd.apache.arrow.file", "An Arrow IPC file."},
    {"parquet", "application/vnd.apache.parquet", "Parquet: zstd, page index, page checksums."},
}};

json::value text(std::string_view view) {
  return json::string(view);
}

json::object typed(std::string_view type, std::string_view description = {}) {
  json::object schema = {{"type", text(type)}};
  if (!description.empty()) schema["description"] = text(description);
  return schema;
}

json::object string_array(std::string_view description = {}) {
  json::object schema = typed("array", description);
  schema["items"] = typed("string");
  return schema;
}

json::object object_schema(json::object properties, json::array required) {
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

json::object array_of(json::object items) {
  return {{"type", "array"}, {"items", std::move(items)}};
}

json::object integer_schema(int64_t min, int64_t max) {
  json::object schema = {{"type", "integer"}, {"format", "int64"}, {"minimum", min}};
  if (max != INT64_MAX) schema["maximum"] = max;
  return schema;
}

json::object unsigned_schema() {
  return {{"type", "integer"}, {"minimum", 0}, {"maximum", UINT64_MAX}};
}

bool is_integer(const ParameterInfo& parameter) {
  return parameter.kind == Kind::kInteger || parameter.kind == Kind::kUnsigned;
}

/// A parameter's value in a URL, where every list is one comma-separated text.
json::object url_schema(const ParameterInfo& parameter) {
  json::object schema = typed("string");
  if (parameter.kind == Kind::kInteger) schema = integer_schema(parameter.min, parameter.max);
  if (parameter.kind == Kind::kUnsigned) schema = unsigned_schema();
  if (parameter.kind == Kind::kFilterLanguage)
    schema["enum"] = json::array{"cql2-text", "cql2-json"};
  if (parameter.kind == Kind::kFormat) {
    json::array names;
    for (const FormatInfo& format : kFormats) names.push_back(text(format.name));
    schema["enum"] = std::move(names);
  }
  if (!is_integer(parameter) && !schema.contains("enum")) schema["minLength"] = 1;
  return schema;
}

json::value example_of(const ParameterInfo& parameter, std::string_view example) {
  if (is_integer(parameter)) return std::stoll(std::string(example));
  return text(example);
}

/// A parameter's value in a JSON request.
json::object body_schema(const ParameterInfo& parameter) {
  json::object schema = url_schema(parameter);
  if (is_integer(parameter)) {
    // Integers beyond 2^53 may be texts.
    json::object digits = {{"type", "string"}, {"pattern", "^(0|[1-9][0-9]*)$"}};
    schema = {{"oneOf", json::array{std::move(schema), std::move(digits)}}};
  } else if (parameter.kind == Kind::kFilter) {
    schema = {{"oneOf", json::array{std::move(schema), typed("object", "CQL2 JSON.")}}};
  } else if (parameter.kind == Kind::kBound) {
    schema = {{"oneOf", json::array{typed("number"), std::move(schema)}}};
  } else if (parameter.is_list()) {
    json::object items = string_array();
    items["minItems"] = 1;
    json::array forms = {std::move(schema), std::move(items)};
    if (parameter.takes_object())
      forms.push_back(json::object{{"type", "object"},
                                   {"description", "Of each alias its expression."},
                                   {"additionalProperties", typed("string")},
                                   {"minProperties", 1}});
    schema = {{"oneOf", std::move(forms)}};
  }
  schema["description"] = text(parameter.description);
  if (!parameter.default_text.empty())
    schema["default"] = example_of(parameter, parameter.default_text);
  return schema;
}

json::object url_parameter(const ParameterInfo& parameter, std::string_view name) {
  json::object schema = url_schema(parameter);
  std::string description(parameter.description);
  if (name == parameter.name && !parameter.default_text.empty())
    schema["default"] = example_of(parameter, parameter.default_text);
  if (name != parameter.name)
    description =
        fmt::format("Another name of `{}`; only one of them may be given.", parameter.name);
  json::object object = {{"name", text(name)},
                         {"in", "query"},
                         {"required", parameter.required},
                         {"description", description},
                         {"schema", std::move(schema)}};
  if (!parameter.example.empty()) object["example"] = example_of(parameter, parameter.example);
  return object;
}

/// The name of a parameter's component: where a name has several rows, the first shape of each but
/// the first follows it.
std::string component_name(const ParameterInfo& parameter, std::string_view name) {
  const ParameterInfo& first =
      *std::ranges::find(parameter_table(), parameter.name, &ParameterInfo::name);
  if (&first == &parameter) return std::string(name);
  return fmt::format("{}_{}", name, shape_name(parameter.shapes.front()));
}

json::object parameters() {
  json::object all;
  for (const ParameterInfo& parameter : parameter_table()) {
    all[component_name(parameter, parameter.name)] = url_parameter(parameter, parameter.name);
    if (!parameter.alias.empty())
      all[component_name(parameter, parameter.alias)] = url_parameter(parameter, parameter.alias);
  }
  json::object name = typed("string");
  name["pattern"] = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$";
  all["dataset"] = {{"name", "dataset"}, {"in", "path"},
                    {"required", true},  {"description", "The dataset's name, case-sensitive."},
                    {"schema", name},    {"example", "flights"}};
  all["file"] = {{"name", "file"},
                 {"in", "path"},
                 {"required", true},
                 {"description", "A file's number and extension."},
                 {"schema", typed("string")},
                 {"example", "0.parquet"}};
  all["request_id"] = {{"name", "id"},
                       {"in", "path"},
                       {"required", true},
                       {"description", "The `Bowshot-Request` header of the answer."},
                       {"schema", typed("string")}};
  return all;
}

json::object request_schema(Shape shape) {
  json::array required = {"dataset", "shape"};
  json::object properties = {
      {"dataset", typed("string", "The dataset's name.")},
      {"shape", json::object{{"const", text(shape_name(shape))}}},
  };
  for (const ParameterInfo& parameter : parameter_table()) {
    if (!applies_to(parameter, shape)) continue;
    properties[parameter.name] = body_schema(parameter);
    if (parameter.required) required.push_back(text(parameter.name));
    if (!parameter.alias.empty()) properties[parameter.alias] = body_schema(parameter);
  }
  json::object schema = object_schema(std::move(properties), std::move(required));
  schema["additionalProperties"] = false;
  return schema;
}

json::object problem_schema() {
  json::array codes;
  for (const ErrorInfo& info : error_table()) codes.push_back(text(info.name));
  json::object properties = {
      {"type", json::object{{"type", "string"}, {"format", "uri"}}},
      {"title", typed("string", "The same for every problem of this code.")},
      {"status", typed("integer")},
      {"detail", typed("string", "What was wrong, the limit and the value seen.")},
      {"code", json::object{{"type", "string"}, {"enum", std::move(codes)}}},
      {"parameter", typed("string", "The parameter at fault.")},
      {"position", typed("integer",
                         "0-based byte offset within the parameter's decoded text; its "
                         "length at an unexpected end.")},
      {"pointer", typed("string", "JSON Pointer to the value at fault in a JSON request.")},
      {"suggestions", string_array("What may have been meant, best first.")},
      {"instance", typed("string", "Of a 5xx: the path that tells what became of the request.")},
  };
  json::object schema =
      object_schema(std::move(properties), {"type", "title", "status", "detail", "code"});
  schema["description"] = "A problem document, RFC 9457.";
  return schema;
}

json::object column_schema(bool with_nullable) {
  json::object properties = {
      {"name", typed("string")},
      {"type",
       typed("string", "The protocol's name of the type: `int64`, `timestamp[us, tz=UTC]`.")}};
  json::array required = {"name", "type"};
  if (with_nullable) {
    properties["nullable"] = typed("boolean");
    required.push_back("nullable");
  }
  return object_schema(std::move(properties), std::move(required));
}

json::object view_schema() {
  const auto one_of = [](json::array values) {
    return json::object{{"type", "string"}, {"enum", std::move(values)}};
  };
  return object_schema({{"kind", one_of({"filter", "matches", "order"})},
                        {"state", one_of({"building", "ready", "failed"})},
                        {"rows", integer_schema(0, INT64_MAX)},
                        {"bytes", integer_schema(0, INT64_MAX)},
                        {"progress", typed("number", "0 to 1.")},
                        {"order", typed("string", "`-delay,origin`; of an order.")},
                        {"filtered", typed("boolean", "Of an order.")}},
                       {"kind", "state", "rows", "bytes", "progress"});
}

json::object dataset_schemas() {
  json::object summary = {{"name", typed("string")},
                          {"version", typed("string")},
                          {"rows", integer_schema(0, INT64_MAX)},
                          {"columns", typed("integer", "Their number.")},
                          {"problem", reference("schemas", "Problem")}};
  json::object source = object_schema({{"kind", typed("string")}}, {"kind"});
  source["additionalProperties"] = true;  // how files of that kind were read
  json::object dataset = {{"name", typed("string")},
                          {"version", typed("string", "Changes whenever rows or schema change.")},
                          {"rows", integer_schema(0, INT64_MAX)},
                          {"bytes", integer_schema(0, INT64_MAX)},
                          {"row_numbers", typed("boolean", "Whether there is a natural order.")},
                          {"source", std::move(source)},
                          {"columns", array_of(column_schema(/*with_nullable=*/true))},
                          {"views", array_of(view_schema())}};
  json::object summaries =
      array_of(object_schema(std::move(summary), {"name", "version", "rows", "columns"}));
  json::object files = typed("array");
  files["items"] = object_schema({{"url", typed("string", "A path of this server.")},
                                  {"rows", typed("integer")},
                                  {"bytes", typed("integer")}},
                                 {"url", "rows", "bytes"});
  return {{"Datasets", object_schema({{"datasets", std::move(summaries)}}, {"datasets"})},
          {"Files", object_schema({{"files", std::move(files)}}, {"files"})},
          {"Dataset",
           object_schema(std::move(dataset), {"name", "version", "rows", "bytes", "row_numbers",
                                              "source", "columns", "views"})}};
}

json::object version_schema() {
  json::object limits;
  for (const LimitInfo& limit : limit_table()) {
    json::object schema = integer_schema(limit.min, INT64_MAX);
    schema["description"] = text(limit.description);
    limits[limit.name] = std::move(schema);
  }
  limits["cache_directory"] = typed("string");
  json::object properties = {{"name", typed("string")},
                             {"version", typed("string")},
                             {"protocol", typed("integer")},
                             {"engine", typed("string")},
                             {"compiler", typed("string")},
                             {"shapes", string_array()},
                             {"limits", json::object{{"type", "object"}, {"properties", limits}}}};
  return object_schema(std::move(properties), {"name", "version", "protocol", "shapes", "limits"});
}

json::object schemas() {
  json::object all = dataset_schemas();
  all["Version"] = version_schema();
  all["Problem"] = problem_schema();
  all["RequestStatus"] = object_schema(
      {{"id", typed("string")},
       {"state",
        json::object{{"type", "string"}, {"enum", json::array{"running", "done", "failed"}}}},
       {"problem", reference("schemas", "Problem")}},
      {"id", "state"});
  json::object row = {{"type", "array"}, {"items", json::object()}};
  all["Table"] = object_schema({{"columns", array_of(column_schema(/*with_nullable=*/false))},
                                {"rows", array_of(std::move(row))}},
                               {"columns", "rows"});
  json::array requests;
  for (const Shape shape : served_shapes()) {
    all[request_schema_name(shape)] = request_schema(shape);
    requests.push_back(reference("schemas", request_schema_name(shape)));
  }
  all["Request"] = {{"oneOf", std::move(requests)}};
  return all;
}

json::object headers() {
  const auto header = [](std::string_view type, std::string_view description) {
    return json::object{{"description", text(description)}, {"schema", typed(type)}};
  };
  json::object completeness = header("string", "Whether the answer tells of every row.");
  completeness["schema"] =
      json::object{{"type", "string"}, {"enum", json::array{"exact", "sampled", "approximate"}}};
  return {
      {"Bowshot-Version", header("string", "The dataset's version that the answer is of.")},
      {"Bowshot-Completeness", std::move(completeness)},
      {"Bowshot-Rows", header("integer", "Rows of this answer, where known before the first.")},
      {"Bowshot-Total-Rows",
       header("integer", "Rows of the same request without offset and limit, where known.")},
      {"Bowshot-Population", header("integer", "Of a sample: the filtered rows, where known.")},
      {"Bowshot-Request", header("string", "The request's id, for /v1/requests/{id}.")},
      {"ETag", header("string", "For `If-None-Match`.")},
  };
}

json::object answer_response() {
  json::object content;
  std::string description = "The answer:";
  for (const FormatInfo& format : kFormats) {
    json::object media = {};
    if (format.name == "json") media["schema"] = reference("schemas", "Table");
    if (format.name == "csv" || format.name == "ndjson") media["schema"] = typed("string");
    content[format.media_type] = std::move(media);
    description += fmt::format("\n- `{}`: {}", format.name, format.description);
  }
  json::object answer_headers;
  for (const auto& member : headers())
    answer_headers[member.key()] = reference("headers", member.key());
  return {{"description", description},
          {"headers", std::move(answer_headers)},
          {"content", std::move(content)}};
}

std::string problem_name(int status) {
  return fmt::format("Problem{}", status);
}

json::object responses() {
  std::map<int, std::string> descriptions;
  for (const ErrorInfo& info : error_table())
    descriptions[info.status] += fmt::format(
        "{}`{}`: {}.", descriptions[info.status].empty() ? "" : "\n\n", info.name, info.title);
  json::object all = {
      {"Answer", answer_response()},
      {"NotModified", json::object{{"description", "What the client has is current."}}}};
  const json::object content = {
      {"application/problem+json", json::object{{"schema", reference("schemas", "Problem")}}}};
  for (const auto& [status, description] : descriptions)
    all[problem_name(status)] = {{"description", description}, {"content", content}};
  return all;
}

json::object security_schemes() {
  return {
      {"token", json::object{{"type", "http"},
                             {"scheme", "bearer"},
                             {"description",
                              "The token of a server that has one "
                              "(`--token-file`)."}}},
      {"session", json::object{{"type", "apiKey"},
                               {"in", "cookie"},
                               {"name", "bowshot_8765"},
                               {"description",
                                "What `POST /v1/login` gives pages of the server's own origin. "
                                "The number in the name is the server's port."}}},
  };
}

}  // namespace

json::object text_schema() {
  return typed("string");
}

json::object components() {
  return {{"schemas", schemas()},
          {"parameters", parameters()},
          {"headers", headers()},
          {"responses", responses()},
          {"securitySchemes", security_schemes()}};
}

json::object reference(std::string_view kind, std::string_view name) {
  return {{"$ref", fmt::format("#/components/{}/{}", kind, name)}};
}

json::array shape_parameters(Shape shape) {
  json::array references;
  for (const ParameterInfo& parameter : parameter_table()) {
    if (!applies_to(parameter, shape)) continue;
    references.push_back(reference("parameters", component_name(parameter, parameter.name)));
    if (!parameter.alias.empty())
      references.push_back(reference("parameters", component_name(parameter, parameter.alias)));
  }
  return references;
}

std::string request_schema_name(Shape shape) {
  std::string name(shape_name(shape));
  name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name + "Request";
}

json::object problem_responses(const std::vector<ErrorCode>& codes) {
  json::object all;
  for (const ErrorCode code : codes) {
    const int status = error_info(code).status;
    all[fmt::format("{}", status)] = reference("responses", problem_name(status));
  }
  return all;
}

}  // namespace bowshot::openapi
