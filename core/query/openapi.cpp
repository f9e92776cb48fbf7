#include <fmt/format.h>

#include <boost/json.hpp>

#include "query/openapi_parts.hpp"
#include "query/request.hpp"

namespace bowshot {

namespace {

namespace json = boost::json;

using enum ErrorCode;

/// What any request may be answered with, before anyone looks at its path.
const std::vector<ErrorCode> kEveryRequest = {
    kBadRequest,  kUnauthorized,  kForbiddenHost,     kMethodNotAllowed,
    kHeadTooSlow, kTargetTooLong, kHeadTooLarge,      kUnknownTransferCoding,
    kInternal,    kOverloaded,    kUnknownHttpVersion};

constexpr std::string_view kHealth = "/healthz";

/// What a query may be answered with besides.
const std::vector<ErrorCode> kEveryQuery = {kBadParameter,   kUnknownDataset,     kNotAcceptable,
                                            kVersionChanged, kPreconditionFailed, kDeadlineExceeded,
                                            kOutOfMemory};

/// An endpoint with a fixed answer.
struct Endpoint {
  std::string_view path;
  std::string_view id;
  std::string_view summary;
  std::string_view parameter;  // the component of its path parameter; empty: none
  std::string_view media_type;
  std::string_view schema;  // the component of its answer; empty: text or any JSON
  std::vector<ErrorCode> codes;
  bool is_tagged = false;  // it has an ETag, which a request may put a condition on
};

const std::vector<Endpoint>& endpoints() {
  constexpr std::string_view kJson = "application/json";
  constexpr std::string_view kText = "text/plain; charset=utf-8";
  constexpr bool kTagged = true;
  static const std::vector<Endpoint> kEndpoints = {
      {"/v1/datasets", "list_datasets", "Every dataset", "", kJson, "Datasets", {}, kTagged},
      {"/v1/datasets/{dataset}",
       "describe_dataset",
       "One dataset: its version, size and columns",
       "dataset",
       kJson,
       "Dataset",
       {kUnknownDataset},
       kTagged},
      {"/v1/datasets/{dataset}/files",
       "list_files",
       "The Parquet files behind a dataset",
       "dataset",
       kJson,
       "Files",
       {kUnknownDataset, kBadData, kNotReady},
       kTagged},
      {"/v1/requests/{id}",
       "get_request",
       "What became of a request; kept for 10 minutes",
       "request_id",
       kJson,
       "RequestStatus",
       {kUnknownPath}},
      {kHealth, "get_health", "Whether the process lives", "", kText, "", {}},
      {"/readyz", "get_ready", "Whether every dataset is open", "", kText, "", {kNotReady}},
      {"/version", "get_version", "The build, the shapes and the limits", "", kJson, "Version", {}},
      {"/metrics",
       "get_metrics",
       "Metrics as Prometheus text",
       "",
       "text/plain; version=0.0.4; charset=utf-8",
       "",
       {}},
      {"/openapi.json", "get_openapi", "This document", "", kJson, "", {}, kTagged},
  };
  return kEndpoints;
}

std::string_view shape_summary(Shape shape) {
  switch (shape) {
    case Shape::kRows:
      return "Rows: a window, or all of them, streamed";
    case Shape::kCount:
      return "How many rows there are";
    case Shape::kAggregate:
      return "Measures of groups of rows";
    case Shape::kProfile:
      return "What each column holds: range, quartiles, frequent values, a histogram";
    case Shape::kValues:
      return "The most frequent values of a column";
    case Shape::kHistogram:
      return "How many rows fall into each of equal bins";
    case Shape::kSample:
      return "Rows drawn at random, the same ones for the same seed";
    default:
      return "";
  }
}

json::object with_problems(json::object responses, std::vector<ErrorCode> codes) {
  codes.insert(codes.end(), kEveryRequest.begin(), kEveryRequest.end());
  for (const auto& problem : openapi::problem_responses(codes))
    responses[problem.key()] = problem.value();
  return responses;
}

json::object query_responses(std::vector<ErrorCode> codes) {
  codes.insert(codes.end(), kEveryQuery.begin(), kEveryQuery.end());
  return with_problems({{"200", openapi::reference("responses", "Answer")},
                        {"304", openapi::reference("responses", "NotModified")}},
                       std::move(codes));
}

json::object fixed_operation(const Endpoint& endpoint) {
  json::object media;
  if (!endpoint.schema.empty()) media["schema"] = openapi::reference("schemas", endpoint.schema);
  json::object content;
  content[endpoint.media_type] = std::move(media);
  const json::object answer = {{"description", json::string(endpoint.summary)},
                               {"content", std::move(content)}};
  json::object responses = {{"200", answer}};
  std::vector<ErrorCode> codes = endpoint.codes;
  if (endpoint.is_tagged) {
    responses["304"] = openapi::reference("responses", "NotModified");
    codes.push_back(kPreconditionFailed);
  }
  json::object operation = {{"operationId", json::string(endpoint.id)},
                            {"summary", json::string(endpoint.summary)},
                            {"responses", with_problems(std::move(responses), std::move(codes))}};
  if (!endpoint.parameter.empty())
    operation["parameters"] = json::array{openapi::reference("parameters", endpoint.parameter)};
  return operation;
}

json::object shape_operation(Shape shape) {
  json::array parameters = openapi::shape_parameters(shape);
  parameters.insert(parameters.begin(), openapi::reference("parameters", "dataset"));
  return {{"operationId", fmt::format("get_{}", shape_name(shape))},
          {"summary", json::string(shape_summary(shape))},
          {"parameters", std::move(parameters)},
          {"responses", query_responses({})}};
}

json::object post_operation() {
  const json::object media = {{"schema", openapi::reference("schemas", "Request")}};
  return {
      {"operationId", "post_query"},
      {"summary", "The same requests as JSON"},
      {"description",
       "Also by the method QUERY (RFC 10008), for which OpenAPI 3.1 has no place. The names are "
       "those of the URL parameters; lists may be arrays of items in the same spelling."},
      {"requestBody",
       json::object{{"required", true}, {"content", json::object{{"application/json", media}}}}},
      {"responses",
       query_responses({kUnknownShape, kBodyTooLarge, kUnsupportedMediaType, kBadExpectation})}};
}

json::object file_operation() {
  json::object content;
  content["application/vnd.apache.parquet"] = json::object{};
  const json::object whole = {{"description", "The Parquet file"}, {"content", content}};
  const json::object part = {{"description", "The bytes that `Range` asks for"},
                             {"content", content}};
  json::array parameters = {openapi::reference("parameters", "dataset"),
                            openapi::reference("parameters", "file")};
  return {
      {"operationId", "get_file"},
      {"summary", "One Parquet file, with ranges, for readers that fetch what they need"},
      {"parameters", std::move(parameters)},
      {"responses",
       with_problems(
           {{"200", whole}, {"206", part}, {"304", openapi::reference("responses", "NotModified")}},
           {kUnknownDataset, kUnknownPath, kPreconditionFailed, kRangeNotSatisfiable, kBadData})}};
}

json::object dataset_answer(std::string_view description) {
  const json::object media = {{"schema", openapi::reference("schemas", "Dataset")}};
  return {{"description", json::string(description)},
          {"content", json::object{{"application/json", media}}}};
}

/// The parameters of what changes a dataset.
json::array change_parameters() {
  const auto condition = [](std::string_view name, std::string_view description) -> json::object {
    return {{"name", json::string(name)},
            {"in", "header"},
            {"description", json::string(description)},
            {"schema", openapi::text_schema()}};
  };
  return {openapi::reference("parameters", "dataset"),
          condition("If-Match",
                    "Only while the table is this: its version in double quotes, or the ETag of "
                    "its description; `*`: while there is one."),
          condition("If-None-Match", "`*`: only while there is no table of this name.")};
}

json::object publish_operation() {
  json::object content;
  for (const std::string_view type :
       {"application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file",
        "application/vnd.apache.parquet"})
    content[type] = json::object{};
  return {{"operationId", "publish_dataset"},
          {"summary", "Publishes a table, or replaces one that was published"},
          {"parameters", change_parameters()},
          {"requestBody", json::object{{"required", true}, {"content", std::move(content)}}},
          {"responses", with_problems({{"200", dataset_answer("It took the place of another")},
                                       {"201", dataset_answer("It is new")}},
                                      {kBadData, kBadParameter, kPublishDisabled, kReadOnlyDataset,
                                       kPreconditionFailed, kBodyTooLarge, kUnsupportedMediaType,
                                       kOutOfSpace, kOutOfMemory})}};
}

json::object remove_operation() {
  const json::object removed = {{"description", "It is gone"}};
  return {{"operationId", "remove_dataset"},
          {"summary", "Removes a published table"},
          {"parameters", change_parameters()},
          {"responses", with_problems({{"204", removed}},
                                      {kBadParameter, kUnknownDataset, kPublishDisabled,
                                       kReadOnlyDataset, kPreconditionFailed, kOutOfSpace})}};
}

json::object login_operation() {
  const json::object done = {
      {"description", "The cookie is set, where the server has a token"},
      {"headers", json::object{{"Set-Cookie", json::object{{"schema", openapi::text_schema()}}}}}};
  return {{"operationId", "login"},
          {"summary", "Swaps the token for a session cookie, for pages of this server's origin"},
          {"security", json::array{json::object{{"token", json::array{}}}, json::object{}}},
          {"responses", with_problems({{"204", done}}, {})}};
}

/// A server without a token asks for none: the empty object.
json::array security() {
  return {json::object{{"token", json::array{}}}, json::object{{"session", json::array{}}},
          json::object{}};
}

json::object paths() {
  json::object all;
  for (const Endpoint& endpoint : endpoints())
    all[endpoint.path] = json::object{{"get", fixed_operation(endpoint)}};
  for (const Shape shape : served_shapes())
    all[fmt::format("/v1/datasets/{{dataset}}/{}", shape_name(shape))] =
        json::object{{"get", shape_operation(shape)}};
  json::object& dataset = all["/v1/datasets/{dataset}"].as_object();
  dataset["put"] = publish_operation();
  dataset["delete"] = remove_operation();
  all["/v1/datasets/{dataset}/files/{file}"] = json::object{{"get", file_operation()}};
  all["/v1/login"] = json::object{{"post", login_operation()}};
  all[kHealth].at("get").as_object()["security"] = json::array{};
  all["/v1/query"] = json::object{{"post", post_operation()}};
  return all;
}

}  // namespace

std::string openapi_json(std::string_view server_version) {
  const json::object document = {
      {"openapi", "3.1.0"},
      {"info",
       json::object{
           {"title", "Bowshot"},
           {"version", json::string(server_version)},
           {"summary", "Columnar data for frontends: exactly the part that a screen shows"},
           {"description",
            "`HEAD` works wherever `GET` does. Unknown parameters and JSON keys are errors, "
            "and so is a parameter given twice."},
           {"license", json::object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
      // Relative to this document, so that it holds behind any prefix.
      {"servers", json::array{json::object{{"url", "."}}}},
      {"security", security()},
      {"paths", paths()},
      {"components", openapi::components()},
  };
  return json::serialize(document);
}

}  // namespace bowshot
