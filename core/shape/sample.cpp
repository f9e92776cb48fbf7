#include <arrow/type.h>
#include <fmt/format.h>

#include "query/binder_operand.hpp"
#include "query/spelling.hpp"
#include "shape/plan_parts.hpp"
#include "source/data_type.hpp"

namespace bowshot {

namespace {

constexpr std::string_view kWeightName = "_weight";

Result<ExpressionPtr> bind_stratum(const Item& item, const Binder& binder) {
  BOWSHOT_ASSIGN(ExpressionPtr stratum,
                 binder.bind_name(item.name, item.quoted, item.name_position));
  if (type_family(*stratum->type) == TypeFamily::kNested)
    return type_error(item.name_position,
                      fmt::format("{} cannot be a group", type_name(*stratum->type)));
  return stratum;
}

}  // namespace

Result<void> plan_sample(const Request& request, const Binder& binder, Plan& plan) {
  if (!plan.dataset->has_row_numbers())
    return fail(ErrorCode::kNoRowNumbers,
                "this dataset has no natural order, which a sample is drawn from");
  plan.kind = Plan::Kind::kDerived;
  BOWSHOT_TRY(select_columns(request, binder, plan));
  SamplePart part{.size = request.size, .seed = request.seed, .stratum = nullptr};
  if (request.stratum) {
    BOWSHOT_ASSIGN(
        part.stratum,
        in_parameter("by", in_item(*request.stratum, bind_stratum(*request.stratum, binder))));
    if (plan.schema->GetFieldIndex(std::string(kWeightName)) >= 0)
      return fail({.code = ErrorCode::kBadParameter,
                   .detail = fmt::format("a sample by groups has a column {} of its own; select "
                                         "other columns, or compute it under another name",
                                         kWeightName),
                   .parameter = "select"});
    arrow::FieldVector fields = plan.schema->fields();
    fields.push_back(arrow::field(std::string(kWeightName), arrow::float64(), /*nullable=*/false));
    plan.schema = arrow::schema(std::move(fields));
  }
  plan.derived = std::move(part);
  return {};
}

}  // namespace bowshot
