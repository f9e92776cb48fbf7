#include "base/error.hpp"

#include <algorithm>
#include <cctype>

#include "base/check.hpp"

namespace bowshot {

const std::vector<ErrorInfo>& error_table() {
  using enum ErrorCode;
  static const std::vector<ErrorInfo> kErrorTable = {
      {kBadRequest, "bad_request", 400, "The HTTP request is malformed"},
      {kBadParameter, "bad_parameter", 400, "A parameter's value is not valid"},
      {kUnknownParameter, "unknown_parameter", 400,
       "The request has a parameter that is not known"},
      {kMissingParameter, "missing_parameter", 400, "A required parameter is missing"},
      {kBadFilter, "bad_filter", 400, "The filter is not valid CQL2"},
      {kUnknownColumn, "unknown_column", 400, "The dataset has no such column"},
      {kTypeMismatch, "type_mismatch", 400, "The types do not fit"},
      {kOverflow, "overflow", 400, "A number does not fit its type"},
      {kBadJson, "bad_json", 400, "The body is not valid JSON"},
      {kBadData, "bad_data", 400, "The data are not valid"},
      {kNoRowNumbers, "no_row_numbers", 400, "The dataset has no natural order"},
      {kUnauthorized, "unauthorized", 401, "A token is needed"},
      {kForbiddenHost, "forbidden_host", 403, "The Host is not allowed"},
      {kForbiddenOrigin, "forbidden_origin", 403, "The Origin is not allowed"},
      {kPublishDisabled, "publish_disabled", 403, "Publishing is not enabled"},
      {kUnknownDataset, "unknown_dataset", 404, "There is no such dataset"},
      {kUnknownPath, "unknown_path", 404, "There is nothing at this path"},
      {kUnknownShape, "unknown_shape", 404, "There is no such shape"},
      {kMethodNotAllowed, "method_not_allowed", 405, "The method is not allowed here"},
      {kNotAcceptable, "not_acceptable", 406, "No acceptable format"},
      {kHeadTooSlow, "head_too_slow", 408, "The request took too long to arrive"},
      {kVersionChanged, "version_changed", 409, "The dataset has another version now"},
      {kReadOnlyDataset, "read_only_dataset", 409, "The dataset cannot be changed"},
      {kPreconditionFailed, "precondition_failed", 412, "A condition of the request is not met"},
      {kBodyTooLarge, "body_too_large", 413, "The body is too large"},
      {kTargetTooLong, "target_too_long", 414, "The request target is too long"},
      {kUnsupportedMediaType, "unsupported_media_type", 415, "The media type is not supported"},
      {kRangeNotSatisfiable, "range_not_satisfiable", 416, "The range is beyond the file's end"},
      {kBadExpectation, "bad_expectation", 417, "The expectation cannot be met"},
      {kHeadTooLarge, "head_too_large", 431, "The request head is too large"},
      {kCancelled, "cancelled", 499, "The client left before the answer was complete"},
      {kInternal, "internal", 500, "The server made a mistake"},
      {kUnknownTransferCoding, "unknown_transfer_coding", 501, "The transfer coding is not known"},
      {kUnknownMethod, "unknown_method", 501, "The method is not known"},
      {kOverloaded, "overloaded", 503, "The server has too much to do"},
      {kNotReady, "not_ready", 503, "The server is not ready"},
      {kDeadlineExceeded, "deadline_exceeded", 504, "The answer took too long"},
      {kUnknownHttpVersion, "unknown_http_version", 505, "The HTTP version is not supported"},
      {kOutOfSpace, "out_of_space", 507, "The server has no space left"},
      {kOutOfMemory, "out_of_memory", 507, "The request needs more memory than it may use"},
  };
  return kErrorTable;
}

const ErrorInfo& error_info(ErrorCode code) {
  const auto index = static_cast<size_t>(code);
  BOWSHOT_CHECK(index < error_table().size() && error_table()[index].code == code);
  return error_table()[index];
}

std::unexpected<Error> fail(ErrorCode code, std::string detail) {
  return std::unexpected(Error{.code = code, .detail = std::move(detail)});
}

std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

namespace {

/// Levenshtein distance without regard to ASCII case.
size_t edit_distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j + 1] + 1, row[j] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> suggest(std::string_view word,
                                 const std::vector<std::string>& candidates) {
  constexpr size_t kSuggestionsMax = 3;
  constexpr size_t kWordBytesMax = 128;  // bounds the work that a long wrong name can cause
  word = word.substr(0, kWordBytesMax);
  std::vector<std::pair<size_t, const std::string*>> near;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kWordBytesMax) continue;
    const size_t distance = edit_distance(word, candidate);
    const size_t longest = std::max(word.size(), candidate.size());
    if (distance <= (longest <= 3 ? 1 : std::max<size_t>(2, longest / 3)))
      near.emplace_back(distance, &candidate);
  }
  std::ranges::stable_sort(near, {}, &std::pair<size_t, const std::string*>::first);
  std::vector<std::string> suggestions;
  for (const auto& [distance, candidate] : near)
    if (suggestions.size() < kSuggestionsMax) suggestions.push_back(*candidate);
  return suggestions;
}

}  // namespace bowshot
