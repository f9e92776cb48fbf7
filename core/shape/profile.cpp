#include <arrow/type.h>

#include "shape/plan_parts.hpp"

namespace bowshot {

Result<void> plan_profile(const Request& request, const Binder& binder, Plan& plan) {
  ProfilePart part;
  if (request.columns.empty()) {
    part.columns = every_column(plan);
  } else {
    BOWSHOT_ASSIGN(part.columns, in_parameter("columns", bind_names(request.columns, binder)));
  }
  plan.kind = Plan::Kind::kDerived;
  plan.derived = std::move(part);
  const auto top = arrow::struct_({arrow::field("value", arrow::utf8(), /*nullable=*/false),
                                   arrow::field("count", arrow::int64(), /*nullable=*/false)});
  plan.schema = arrow::schema({
      arrow::field("column", arrow::utf8(), /*nullable=*/false),
      arrow::field("type", arrow::utf8(), /*nullable=*/false),
      arrow::field("rows", arrow::int64(), /*nullable=*/false),
      arrow::field("nulls", arrow::int64(), /*nullable=*/false),
      arrow::field("distinct", arrow::int64()),
      arrow::field("min", arrow::utf8()),
      arrow::field("max", arrow::utf8()),
      arrow::field("mean", arrow::float64()),
      arrow::field("stddev", arrow::float64()),
      arrow::field("q25", arrow::float64()),
      arrow::field("median", arrow::float64()),
      arrow::field("q75", arrow::float64()),
      arrow::field("top", arrow::list(top)),
      arrow::field("histogram", arrow::list(arrow::int64())),
  });
  return {};
}

}  // namespace bowshot
