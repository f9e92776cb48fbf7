#include <arrow/type.h>

#include "shape/plan_parts.hpp"

namespace bowshot {

Result<void> plan_count(Plan& plan) {
  plan.kind = Plan::Kind::kAggregate;
  plan.measures = {{.name = "count",
                    .function = MeasureFunction::kCountRows,
                    .arguments = {},
                    .type = arrow::int64()}};
  plan.schema = arrow::schema({arrow::field("count", arrow::int64(), /*nullable=*/false)});
  return {};
}

}  // namespace bowshot
