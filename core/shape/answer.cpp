#include "shape/answer.hpp"

#include <algorithm>

#include "shape/histogram_stream.hpp"
#include "shape/row_count_stream.hpp"
#include "shape/shapes.hpp"
#include "shape/sub_plans.hpp"

namespace bowshot {

std::string_view completeness_name(Completeness completeness) {
  switch (completeness) {
    case Completeness::kExact:
      return "exact";
    case Completeness::kSampled:
      return "sampled";
    case Completeness::kApproximate:
      return "approximate";
  }
  return "";
}

bool is_stream(const Plan& plan) {
  return plan.kind == Plan::Kind::kRows && (!plan.limit || *plan.limit > kInteractiveRowsMax);
}

namespace {

Completeness completeness_of(const Plan& plan) {
  const bool is_approximate =
      std::ranges::find(plan.measures, MeasureFunction::kApproxCountDistinct, &Measure::function) !=
      plan.measures.end();
  return is_approximate ? Completeness::kApproximate : Completeness::kExact;
}

/// The rows before offset and limit, where they are known without looking at the data.
std::optional<int64_t> known_total_rows(const Plan& plan) {
  if (plan.kind == Plan::Kind::kDerived) return std::nullopt;
  if (plan.kind == Plan::Kind::kAggregate)
    return plan.keys.empty() ? std::optional<int64_t>(1) : std::nullopt;
  return plan.filter ? std::nullopt : std::optional(plan.dataset->rows());
}

/// The rows after offset and limit.
std::optional<int64_t> known_rows(const Plan& plan, std::optional<int64_t> total_rows) {
  if (plan.limit == 0) return 0;
  if (!total_rows) return std::nullopt;
  const int64_t rows = *total_rows - std::min(*total_rows, plan.offset);
  return plan.limit ? std::min(rows, *plan.limit) : rows;
}

}  // namespace

Answer describe_answer(std::shared_ptr<const Plan> plan) {
  const std::optional<int64_t> total_rows = known_total_rows(*plan);
  const std::optional<int64_t> rows = known_rows(*plan, total_rows);
  const Completeness completeness = completeness_of(*plan);
  return {.plan = std::move(plan),
          .completeness = completeness,
          .rows = rows,
          .total_rows = total_rows,
          .stream = nullptr};
}

Result<Answer> start_answer(std::shared_ptr<const Plan> plan, const Engines& engines,
                            const StopToken& stop) {
  Answer answer = describe_answer(plan);
  if (RowCountStream::accepts(*plan)) {
    answer.stream = std::make_unique<RowCountStream>(std::move(plan), stop);
    return answer;
  }
  if (std::holds_alternative<HistogramPart>(plan->derived)) {
    answer.stream = std::make_unique<HistogramStream>(SubPlans(std::move(plan), engines, stop));
    return answer;
  }
  BOWSHOT_ASSIGN(answer.stream, run_plan(std::move(plan), engines, stop));
  return answer;
}

}  // namespace bowshot
