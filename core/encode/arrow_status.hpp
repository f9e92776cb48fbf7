#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <utility>

#include "base/error.hpp"

namespace bowshot {

/// What a Status of Arrow's means here: memory is the world's, all else is a mistake of ours that
/// ends one answer. The Status' text may hold values of cells, so it does not go along.
inline std::unexpected<Error> fail_encode(const arrow::Status& status) {
  if (status.IsOutOfMemory()) {
    return fail(ErrorCode::kOutOfMemory, "no memory left to encode a batch of the answer");
  }
  return fail(ErrorCode::kInternal,
              "a batch of the answer could not be encoded: " + status.CodeAsString());
}

inline Result<void> from_arrow(const arrow::Status& status) {
  if (!status.ok()) return fail_encode(status);
  return {};
}

template <class T>
Result<T> from_arrow(arrow::Result<T> result) {
  if (!result.ok()) return fail_encode(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace bowshot
