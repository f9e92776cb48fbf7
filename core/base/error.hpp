#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bowshot {

/// The codes of protocol/PROTOCOL.md, section 7. `kErrorTable` gives each its wire name and status.
enum class ErrorCode {
  kBadRequest,
  kBadParameter,
  kUnknownParameter,
  kMissingParameter,
  kBadFilter,
  kUnknownColumn,
  kTypeMismatch,
  kOverflow,
  kBadJson,
  kBadData,
  kNoRowNumbers,
  kUnauthorized,
  kForbiddenHost,
  kForbiddenOrigin,
  kPublishDisabled,
  kUnknownDataset,
  kUnknownPath,
  kUnknownShape,
  kMethodNotAllowed,
  kNotAcceptable,
  kHeadTooSlow,
  kVersionChanged,
  kReadOnlyDataset,
  kPreconditionFailed,
  kBodyTooLarge,
  kTargetTooLong,
  kUnsupportedMediaType,
  kRangeNotSatisfiable,
  kBadExpectation,
  kHeadTooLarge,
  kCancelled,
  kInternal,
  kUnknownTransferCoding,
  kUnknownMethod,
  kOverloaded,
  kNotReady,
  kDeadlineExceeded,
  kUnknownHttpVersion,
  kOutOfSpace,
  kOutOfMemory,
};

struct ErrorInfo {
  ErrorCode code;
  std::string_view name;   // the wire name, `bad_filter`
  int status;              // the HTTP status
  std::string_view title;  // one short sentence, the same for every error of this code
};

/// Every code once, in the order of `ErrorCode`.
const std::vector<ErrorInfo>& error_table();
const ErrorInfo& error_info(ErrorCode code);

/// A mistake of the user or of the world. `detail` names what was wrong, the limit and the value
/// seen; never a path of the host, SQL, a cell's value or a stack.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string detail;
  std::string parameter = {};                 // the request parameter at fault; may be empty
  std::optional<int64_t> position = {};       // 0-based byte offset within the decoded text
  std::string pointer = {};                   // JSON Pointer within a JSON filter or body
  std::vector<std::string> suggestions = {};  // what the user may have meant, best first
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(ErrorCode::kOverflow, "...")` from a function that returns a Result.
std::unexpected<Error> fail(ErrorCode code, std::string detail);
std::unexpected<Error> fail(Error error);

/// Up to three of `candidates` that are near `word` by edit distance, the nearest first.
std::vector<std::string> suggest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace bowshot

/// Returns the error of a Result<void> expression from the calling function.
#define BOWSHOT_TRY(expression)                                  \
  do {                                                           \
    if (auto bowshot_result = (expression); !bowshot_result)     \
      return std::unexpected(std::move(bowshot_result).error()); \
  } while (false)

#define BOWSHOT_CONCAT_INNER(a, b) a##b
#define BOWSHOT_CONCAT(a, b) BOWSHOT_CONCAT_INNER(a, b)

/// `BOWSHOT_ASSIGN(auto plan, make_plan(request));`: the value, or returns the error.
#define BOWSHOT_ASSIGN(declaration, expression) \
  BOWSHOT_ASSIGN_INNER(BOWSHOT_CONCAT(bowshot_result_, __LINE__), declaration, expression)
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration and a name cannot stand in parentheses.
#define BOWSHOT_ASSIGN_INNER(result, declaration, expression)     \
  auto result = (expression);                                     \
  if (!result) return std::unexpected(std::move(result).error()); \
  declaration = *std::move(result)
// NOLINTEND(bugprone-macro-parentheses)
