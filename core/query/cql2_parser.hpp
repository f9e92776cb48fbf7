#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/cql2.hpp"
#include "query/cql2_lexer.hpp"
#include "query/expression.hpp"

namespace bowshot {

enum class ItemKind { kName, kOrder, kFunction, kCompute };

/// Recursive descent over one text: an expression, or the items of a list parameter. Used once.
///   Parser parser(text, limits, ErrorCode::kBadFilter);
///   BOWSHOT_ASSIGN(SyntaxPtr filter, parser.parse_expression_text());
/// Recursion is bounded by `filter_depth`: each parenthesis, function, list, NOT, sign, exponent
/// and change of operator within a product counts one; a chain's length counts nothing.
class Parser {
 public:
  /// `code` is that of every error: `bad_filter` or `bad_parameter`.
  Parser(std::string_view text, const Limits& limits, ErrorCode code);

  Result<SyntaxPtr> parse_expression_text();
  Result<std::vector<Item>> parse_list_text(ItemKind kind);
  Result<Item> parse_item_text(ItemKind kind);

 private:
  class Nesting;
  using Operand = Result<SyntaxPtr> (Parser::*)();

  Result<Item> parse_item(ItemKind kind);
  Result<void> parse_alias(Item& item, bool is_required);
  Result<void> parse_name_or_function(Item& item);
  Result<std::vector<SyntaxPtr>> parse_arguments();

  Result<SyntaxPtr> parse_expression();  // by precedence, loosest first: OR
  Result<SyntaxPtr> parse_conjunction();
  Result<SyntaxPtr> parse_negation();
  Result<SyntaxPtr> parse_predicate();
  Result<SyntaxPtr> parse_predicate_end(SyntaxPtr left, bool negated);
  Result<SyntaxPtr> parse_sum();
  Result<SyntaxPtr> parse_product();
  Result<SyntaxPtr> parse_signed();
  Result<SyntaxPtr> parse_power();
  Result<SyntaxPtr> parse_operand();
  Result<SyntaxPtr> parse_name_operand();
  Result<SyntaxPtr> parse_call();
  Result<SyntaxPtr> parse_instant(const Token& name, bool is_date);
  Result<SyntaxPtr> parse_chain(Function function, std::string_view keyword, Operand operand);

  Result<SyntaxPtr> make_literal_node(SyntaxNode node);
  Token advance();
  bool accept_symbol(std::string_view symbol);
  bool accept_keyword(std::string_view upper_case);
  bool is_followed_by(std::string_view symbol) const;
  Result<void> expect_symbol(std::string_view symbol);
  /// Whether one level more fits; an error at the current token, which opens it.
  Result<void> check_depth() const;
  std::unexpected<Error> too_deep() const;
  Result<void> expect_end(std::string_view expected);
  /// The current token is not what the grammar has here.
  std::unexpected<Error> unexpected(std::string_view expected,
                                    const std::vector<std::string>& candidates = {}) const;
  std::unexpected<Error> error_at(int64_t position, std::string detail,
                                  std::vector<std::string> suggestions = {}) const;

  std::string_view text_;
  Lexer lexer_;
  Token current_;
  int64_t previous_end_ = 0;  // where the last token that was taken ended
  ErrorCode code_;
  int64_t depth_ = 0;    // of what is being parsed
  int64_t deepest_ = 0;  // of what was parsed of the product under way
  int64_t depth_max_;
  int64_t literals_ = 0;
  int64_t literals_max_;
};

}  // namespace bowshot
