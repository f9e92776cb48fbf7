#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "query/request.hpp"

namespace bowshot::openapi {

/// The reusable parts of the document, made from the tables: `components`.
boost::json::object components();
/// A value that is any text.
boost::json::object text_schema();

/// {"$ref": "#/components/<kind>/<name>"}
boost::json::object reference(std::string_view kind, std::string_view name);

/// The URL parameters of a shape, aliases too, as references.
boost::json::array shape_parameters(Shape shape);

/// The component name of a shape's JSON request: `RowsRequest`.
std::string request_schema_name(Shape shape);

/// References to the problem responses of the statuses that these codes have.
boost::json::object problem_responses(const std::vector<ErrorCode>& codes);

}  // namespace bowshot::openapi
