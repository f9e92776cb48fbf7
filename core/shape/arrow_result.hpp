#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <utility>

#include "base/error.hpp"

namespace bowshot {

/// What a failed Arrow call on arrays of ours means: memory is the world's, all else our mistake.
inline std::unexpected<Error> fail_arrow_call(const arrow::Status& status) {
  if (status.IsOutOfMemory()) return fail(ErrorCode::kOutOfMemory, "no memory left for the answer");
  return fail(ErrorCode::kInternal,
              "the answer could not be put together: " + status.CodeAsString());
}

inline Result<void> from_arrow_call(const arrow::Status& status) {
  if (!status.ok()) return fail_arrow_call(status);
  return {};
}

template <class T>
Result<T> from_arrow_call(arrow::Result<T> result) {
  if (!result.ok()) return fail_arrow_call(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace bowshot
