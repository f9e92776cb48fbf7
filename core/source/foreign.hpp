#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <concepts>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/error.hpp"

namespace bowshot {

/// `bad_data` for a file, with the reader's own words cut to one short line.
Error bad_file(std::string_view display_name, std::string_view what);

/// The same for a failed Arrow status; running out of memory is `out_of_memory`.
Error bad_file(std::string_view display_name, const arrow::Status& status);

/// Runs Parquet code, which throws, and makes a Result of what it does: `function` returns T,
/// arrow::Result<T> or Result<T>. The only way from this project into Parquet code.
template <class T, class Function>
Result<T> read_guarded(std::string_view display_name, Function&& function) {
  try {
    auto value = std::forward<Function>(function)();
    if constexpr (std::same_as<decltype(value), arrow::Result<T>>) {
      if (!value.ok()) return std::unexpected(bad_file(display_name, value.status()));
      return *std::move(value);
    } else {
      return value;
    }
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kOutOfMemory, "not enough memory to read the data");
  } catch (const std::exception& exception) {
    return std::unexpected(bad_file(display_name, exception.what()));
  }
}

}  // namespace bowshot
