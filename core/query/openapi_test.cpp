#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

#include "query/request.hpp"

namespace bowshot {
namespace {

namespace json = boost::json;

/// Calls `visit` with every member of every object below `value`.
template <class Visit>
void each_member(const json::value& value, const Visit& visit) {
  if (const auto* object = value.if_object())
    for (const auto& member : *object) {
      visit(member.key(), member.value());
      each_member(member.value(), visit);
    }
  if (const auto* array = value.if_array())
    for (const json::value& item : *array) each_member(item, visit);
}

class OpenApi : public testing::Test {
 protected:
  /// The names of an operation's query parameters, through its references.
  std::set<std::string> query_parameters(std::string_view path) const {
    std::set<std::string> names;
    for (const json::value& item : at(std::string(path), "get", "parameters").as_array()) {
      const auto& parameter = resolve(item.at("$ref").as_string());
      if (parameter.at("in") == "query") names.emplace(parameter.at("name").as_string());
    }
    return names;
  }
  const json::value& at(std::string_view path, std::string_view method,
                        std::string_view key) const {
    return document_.at("paths").at(path).at(method).at(key);
  }
  /// What "#/components/parameters/limit" names; throws when there is nothing.
  const json::value& resolve(std::string_view reference) const {
    return document_.at_pointer(reference.substr(1));
  }

  json::value document_ = json::parse(openapi_json("1.2.3"));
};

TEST_F(OpenApi, NamesTheServersVersion) {
  EXPECT_EQ(document_.at("openapi"), "3.1.0");
  EXPECT_EQ(document_.at("info").at("version"), "1.2.3");
}

TEST_F(OpenApi, EveryReferenceLeadsSomewhere) {
  int references = 0;
  each_member(document_, [&](std::string_view key, const json::value& value) {
    if (key != "$ref") return;
    ++references;
    EXPECT_NO_THROW(resolve(value.as_string())) << value.as_string();
  });
  EXPECT_GT(references, 50);
}

TEST_F(OpenApi, HasTheParametersThatRequestsTake) {
  for (const Shape shape : served_shapes()) {
    const std::set<std::string> documented =
        query_parameters("/v1/datasets/{dataset}/" + std::string(shape_name(shape)));
    for (const std::string& name : documented) EXPECT_TRUE(find_parameter(name, shape)) << name;
    for (const ParameterInfo& parameter : parameter_table()) {
      // A name may have a row of its own for other shapes.
      const auto is_taken = [&](std::string_view name) {
        return find_parameter(name, shape) != nullptr;
      };
      EXPECT_EQ(documented.contains(std::string(parameter.name)), is_taken(parameter.name));
      if (parameter.alias.empty()) continue;
      EXPECT_EQ(documented.contains(std::string(parameter.alias)), is_taken(parameter.alias));
    }
  }
}

TEST_F(OpenApi, ExamplesAreRequestsThatParse) {
  for (const Shape shape : served_shapes())
    for (const ParameterInfo& parameter : parameter_table()) {
      if (!applies_to(parameter, shape)) continue;
      for (const std::string_view text : {parameter.example, parameter.default_text}) {
        if (text.empty()) continue;
        json::object body = {{"dataset", "flights"}, {"shape", json::string(shape_name(shape))}};
        for (const ParameterInfo& other : parameter_table())
          if (other.required && applies_to(other, shape))
            body[other.name] = json::string(other.example);
        body[parameter.name] = json::string(text);
        const auto request = parse_json_request(json::serialize(body), Limits{});
        EXPECT_TRUE(request) << parameter.name << ": " << request.error().detail;
      }
    }
}

TEST_F(OpenApi, DocumentsEveryErrorCode) {
  std::set<std::string> codes;
  for (const json::value& code :
       resolve("#/components/schemas/Problem/properties/code/enum").as_array())
    codes.emplace(code.as_string());
  EXPECT_EQ(codes.size(), error_table().size());
  for (const ErrorInfo& info : error_table()) {
    EXPECT_TRUE(codes.contains(std::string(info.name))) << info.name;
    const auto& response =
        resolve("#/components/responses/Problem" + std::to_string(info.status)).at("description");
    EXPECT_NE(response.as_string().find(info.name), std::string::npos) << info.name;
  }
}

TEST_F(OpenApi, JsonRequestsAllowNoOtherKeys) {
  for (const json::value& item : resolve("#/components/schemas/Request/oneOf").as_array()) {
    const json::value& schema = resolve(item.at("$ref").as_string());
    EXPECT_EQ(schema.at("additionalProperties"), false);
    const json::array& required = schema.at("required").as_array();
    ASSERT_GE(required.size(), 2U);
    EXPECT_EQ(required[0], "dataset");
    EXPECT_EQ(required[1], "shape");
    const auto shape = parse_shape(schema.at_pointer("/properties/shape/const").as_string());
    ASSERT_TRUE(shape);
    for (size_t i = 2; i < required.size(); ++i)
      EXPECT_TRUE(find_parameter(required[i].as_string(), *shape)->required);
  }
}

}  // namespace
}  // namespace bowshot
