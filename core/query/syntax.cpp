#include "query/syntax.hpp"

namespace bowshot {

std::optional<PatternProblem> find_pattern_problem(const SyntaxNode& pattern) {
  using Kind = SyntaxNode::Kind;
  const bool is_casei = pattern.kind == Kind::kOperation && pattern.function == Function::kCasei;
  const SyntaxNode& text = is_casei ? *pattern.arguments.front() : pattern;
  if (text.kind != Kind::kText)
    return PatternProblem{pattern.position, "the pattern of LIKE is a text, or CASEI of a text"};
  const size_t last_other = text.text.find_last_not_of('\\');
  const size_t backslashes =
      text.text.size() - (last_other == std::string::npos ? 0 : last_other + 1);
  if (backslashes % 2 == 0) return std::nullopt;
  return PatternProblem{text.position,
                        "the pattern ends in a backslash that escapes nothing; a backslash itself "
                        "is written twice"};
}

}  // namespace bowshot
