#pragma once

#include <memory>

#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "query/request.hpp"
#include "shape/answer.hpp"
#include "shape/sub_plans.hpp"

namespace bowshot {

/// Binds a request to a dataset: names, types and the answer's schema. Runs nothing.
Result<std::shared_ptr<const Plan>> make_plan(const Request& request,
                                              std::shared_ptr<const Dataset> dataset);

/// What is known of the answer without running the plan; it has no stream.
Answer describe_answer(std::shared_ptr<const Plan> plan);

/// Begins the answer: picks the engine, states completeness and the counts that are known.
Result<Answer> start_answer(std::shared_ptr<const Plan> plan, const Engines& engines,
                            const StopToken& stop);

/// Whether the answer takes a stream's slot: rows without a limit or with one above 100,000.
bool is_stream(const Plan& plan);

}  // namespace bowshot
