#pragma once

#include "base/error.hpp"
#include "query/plan.hpp"

namespace bowshot {

/// An `overflow` of a running plan, with the computed columns, filter, keys and measures named that
/// can have caused it, by the plan alone; `parameter` where all of them are of one. Every other
/// error as it is.
Error with_overflow_origin(Error error, const Plan& plan);

}  // namespace bowshot
