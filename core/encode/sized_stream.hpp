#pragma once

#include <arrow/type_fwd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "engine/engine.hpp"

namespace bowshot {

/// What time it is; tests give their own.
using SteadyClock = std::function<std::chrono::steady_clock::time_point()>;

/// How long after it was asked for a batch may still wait for more rows. The wait ends when rows
/// come, so that what comes slower leaves as it comes.
inline constexpr std::chrono::milliseconds kJoinTimeMax{100};

/// The bytes that `rows` rows of a batch, from `first` on, take in a message: values, offsets and
/// validity; the rest of sliced arrays and dictionaries (sent once an answer) not counted.
int64_t slice_bytes(const arrow::RecordBatch& batch, int64_t first, int64_t rows);

/// make_sized_stream with a clock.
std::unique_ptr<BatchStream> make_sized_stream(std::unique_ptr<BatchStream> stream,
                                               SteadyClock clock);

}  // namespace bowshot
