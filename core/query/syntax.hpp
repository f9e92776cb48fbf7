#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/cql2.hpp"
#include "query/expression.hpp"

namespace bowshot {

/// One node of the untyped tree that the parser makes and the binder reads. Parentheses leave no
/// node. A flat chain is one node with many arguments, so depth is nesting and never length.
struct SyntaxNode {
  enum class Kind { kName, kNumber, kText, kBoolean, kDate, kTimestamp, kOperation };

  Kind kind = Kind::kName;
  int64_t position = 0;  // of its first byte in the parameter's text
  /// kName: the name. kNumber: as written, without a sign. kText, kDate, kTimestamp: the text
  /// between the quotes.
  std::string text = {};
  bool quoted = false;  // kName: written in double quotes
  bool truth = false;   // kBoolean

  Function function = Function::kAnd;     // kOperation
  bool negated = false;                   // NOT BETWEEN, NOT IN, NOT LIKE, IS NOT NULL
  std::vector<SyntaxPtr> arguments = {};  // kOperation, in the order of expression.hpp
  /// kAdd only: whether the argument of the same index is subtracted; the first never is.
  std::vector<bool> subtracted = {};
};

/// What is wrong with the pattern of a LIKE: it must be a text or CASEI of one, known before the
/// query runs, whose escapes are whole.
struct PatternProblem {
  int64_t position = 0;  // of the node at fault
  std::string_view detail;
};
std::optional<PatternProblem> find_pattern_problem(const SyntaxNode& pattern);

}  // namespace bowshot
