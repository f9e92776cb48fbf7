#include "shape/answer.hpp"

#include <algorithm>

#include "shape/histogram_stream.hpp"
#include "shape/profile_stream.hpp"
#include "shape/row_count_stream.hpp"
#include "shape/sample_stream.hpp"
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
  if (const auto* sample = std::get_if<SamplePart>(&plan.derived))
    return sample->size > kInteractiveRowsMax;
  return plan.kind == Plan::Kind::kRows && (!plan.limit || *plan.limit > kInteractiveRowsMax);
}

namespace {

Completeness completeness_of(const Plan& plan) {
  if (std::holds_alternative<SamplePart>(plan.derived)) return Completeness::kSampled;
  if (std::holds_alternative<ProfilePart>(plan.derived)) return Completeness::kApproximate;
  const bool is_approximate =
      std::ranges::find(plan.measures, MeasureFunction::kApproxCountDistinct, &Measure::function) !=
      plan.measures.end();
  return is_approximate ? Completeness::kApproximate : Completeness::kExact;
}

/// The rows before offset and limit, where they are known without looking at the data.
std::optional<int64_t> known_total_rows(const Plan& plan) {
  if (const auto* profile = std::get_if<ProfilePart>(&plan.derived))
    return std::ssize(profile->columns);
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
  Answer answer;
  answer.completeness = completeness_of(*plan);
  answer.total_rows = known_total_rows(*plan);
  answer.rows = known_rows(*plan, answer.total_rows);
  const auto* sample = std::get_if<SamplePart>(&plan->derived);
  if (sample && !plan->filter) {
    answer.population = plan->dataset->rows();
    answer.rows = std::min(sample->size, *answer.population);
  }
  answer.plan = std::move(plan);
  return answer;
}

namespace {

/// Which rows are drawn is found before the answer begins: it states how many there are.
Result<void> start_sample(const SubPlans& sub_plans, Answer& answer) {
  BOWSHOT_ASSIGN(SampledRows chosen, choose_rows(sub_plans));
  answer.population = chosen.population;
  answer.rows = std::ssize(chosen.rows);
  answer.stream = std::make_unique<SampleStream>(sub_plans, std::move(chosen));
  return {};
}

/// What engines have found out of the same rows before.
void add_known_rows(Answer& answer, const Engines& engines) {
  for (const Engine* engine : engines.engines) {
    if (answer.total_rows) return;
    answer.total_rows = engine->known_rows(*answer.plan);
    if (answer.total_rows) answer.rows = known_rows(*answer.plan, answer.total_rows);
  }
}

}  // namespace

Result<Answer> start_answer(std::shared_ptr<const Plan> plan, const Engines& engines,
                            const StopToken& stop) {
  Answer answer = describe_answer(plan);
  add_known_rows(answer, engines);
  const SubPlans sub_plans(plan, engines, stop);
  if (std::holds_alternative<SamplePart>(plan->derived)) {
    BOWSHOT_TRY(start_sample(sub_plans, answer));
  } else if (std::holds_alternative<HistogramPart>(plan->derived)) {
    answer.stream = std::make_unique<HistogramStream>(sub_plans);
  } else if (std::holds_alternative<ProfilePart>(plan->derived)) {
    answer.stream = std::make_unique<ProfileStream>(sub_plans);
  } else if (RowCountStream::accepts(*plan)) {
    answer.stream = std::make_unique<RowCountStream>(std::move(plan), stop);
  } else {
    BOWSHOT_ASSIGN(answer.stream, run_plan(std::move(plan), engines, stop));
  }
  return answer;
}

}  // namespace bowshot
