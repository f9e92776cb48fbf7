#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>

#include "base/stop.hpp"
#include "engine/engine.hpp"

namespace bowshot {

/// `_row`.
ExpressionPtr row_number();

/// Calls `visit` with every batch of the plan's answer, or until it says false.
Result<void> for_each_batch(Engine& engine, Plan plan, const StopToken& stop,
                            const std::function<Result<bool>(const arrow::RecordBatch&)>& visit);

/// The values of an int64 column without nulls.
const int64_t* int64_values(const arrow::RecordBatch& batch, int column);

/// How many rows the plan's filter keeps.
Result<int64_t> count_rows(Engine& engine, const Plan& plan, const StopToken& stop);

}  // namespace bowshot
