#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "query/binder.hpp"
#include "query/request.hpp"

namespace bowshot {

/// Each fills the part of a plan that is the shape's own: what comes out, its order and its schema.
/// Dataset, computed columns, filter, offset and limit are there already. rows.cpp, count.cpp, ...
Result<void> plan_rows(const Request& request, const Binder& binder, Plan& plan);
Result<void> plan_count(Plan& plan);
Result<void> plan_aggregate(const Request& request, const Binder& binder, Plan& plan);
Result<void> plan_values(const Request& request, const Binder& binder, Plan& plan);
Result<void> plan_histogram(const Request& request, const Binder& binder, Plan& plan);
Result<void> plan_sample(const Request& request, const Binder& binder, Plan& plan);
Result<void> plan_profile(const Request& request, const Binder& binder, Plan& plan);

/// The request's `select` and its schema; without one the dataset's columns, then the computed.
Result<void> select_columns(const Request& request, const Binder& binder, Plan& plan);
/// The dataset's columns, then the computed ones.
std::vector<NamedExpression> every_column(const Plan& plan);
Result<std::vector<NamedExpression>> bind_names(const std::vector<Item>& items,
                                                const Binder& binder);

/// Names the request parameter in a result's error.
template <class T>
Result<T> in_parameter(std::string_view parameter, Result<T> result) {
  if (!result && result.error().parameter.empty()) result.error().parameter = parameter;
  return result;
}

/// `filter AND condition`; `filter` may be null.
ExpressionPtr and_also(const ExpressionPtr& filter, ExpressionPtr condition);

/// Whether equal bins can be made of values of the type: numbers and times of every kind.
bool is_binnable(const arrow::DataType& type);

/// `type_mismatch` unless values of the type have an order: all but lists and structs.
Result<void> check_orderable(const arrow::DataType& type, const Item& item);

}  // namespace bowshot
