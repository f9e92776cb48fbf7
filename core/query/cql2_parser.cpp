#include "query/cql2_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "query/cql2_letters.hpp"
#include "query/literal.hpp"
#include "query/syntax.hpp"

namespace bowshot {
namespace {

using Kind = SyntaxNode::Kind;

/// However high `filter_depth` is set, the parser's and the binder's recursion fits a thread's
/// stack.
constexpr int64_t kDepthCeiling = 500;

SyntaxPtr make_operation(Function function, int64_t position, std::vector<SyntaxPtr> arguments) {
  return std::make_shared<const SyntaxNode>(SyntaxNode{.kind = Kind::kOperation,
                                                       .position = position,
                                                       .function = function,
                                                       .arguments = std::move(arguments)});
}

/// At most the first bytes of what was written, cut between characters.
std::string excerpt(std::string_view text) {
  constexpr size_t kBytesMax = 40;
  size_t end = 0;
  while (end < text.size() && end < kBytesMax) {
    const auto code_point = decode_code_point(text.substr(end));
    if (!code_point) break;
    end += code_point->bytes;
  }
  return fmt::format("`{}{}`", text.substr(0, end), end < text.size() ? "..." : "");
}

std::string describe(const Token& token) {
  return token.kind == Token::Kind::kEnd ? "the end" : excerpt(token.text);
}

constexpr std::array<std::pair<std::string_view, Function>, 6> kComparisons = {{
    {"=", Function::kEqual},
    {"<>", Function::kNotEqual},
    {"<", Function::kLess},
    {"<=", Function::kLessEqual},
    {">", Function::kGreater},
    {">=", Function::kGreaterEqual},
}};

std::optional<Function> product_function(const Token& token) {
  if (token.is_symbol("*")) return Function::kMultiply;
  if (token.is_symbol("/")) return Function::kDivide;
  if (token.is_symbol("%")) return Function::kModulo;
  if (token.is_keyword("DIV")) return Function::kIntegerDivide;
  return std::nullopt;
}

const std::vector<std::string>& operator_words() {
  static const std::vector<std::string> kWords = {"AND",  "OR",      "BETWEEN", "IN",
                                                  "LIKE", "IS NULL", "NOT",     "DIV"};
  return kWords;
}

constexpr std::string_view kOperatorOrEnd = "an operator or the end";

}  // namespace

/// One level deeper for as long as it lives.
class Parser::Nesting {
 public:
  explicit Nesting(Parser* parser) : parser_(parser) {
    parser_->deepest_ = std::max(parser_->deepest_, ++parser_->depth_);
  }
  ~Nesting() { --parser_->depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  Parser* parser_;  // outlives this: both are on the parser's stack
};

Parser::Parser(std::string_view text, const Limits& limits, ErrorCode code)
    : text_(text),
      lexer_(text),
      current_(lexer_.next()),
      code_(code),
      depth_max_(std::min(limits.filter_depth, kDepthCeiling)),
      literals_max_(limits.filter_literals) {}

Result<SyntaxPtr> Parser::parse_expression_text() {
  if (current_.kind == Token::Kind::kEnd)
    return error_at(current_.position, "the expression is empty");
  BOWSHOT_ASSIGN(SyntaxPtr expression, parse_expression());
  BOWSHOT_TRY(expect_end(kOperatorOrEnd));
  return expression;
}

Result<std::vector<Item>> Parser::parse_list_text(ItemKind kind) {
  std::vector<Item> items;
  do {
    BOWSHOT_ASSIGN(Item item, parse_item(kind));
    items.push_back(std::move(item));
  } while (accept_symbol(","));
  BOWSHOT_TRY(expect_end("`,` or the end of the list"));
  return items;
}

Result<Item> Parser::parse_item_text(ItemKind kind) {
  BOWSHOT_ASSIGN(Item item, parse_item(kind));
  BOWSHOT_TRY(expect_end("the end of the item"));
  return item;
}

Result<Item> Parser::parse_item(ItemKind kind) {
  Item item;
  item.position = current_.position;
  switch (kind) {
    case ItemKind::kOrder:
      item.descending = accept_symbol("-");
      [[fallthrough]];
    case ItemKind::kName: {
      const bool is_name =
          current_.kind == Token::Kind::kName || current_.kind == Token::Kind::kQuotedName;
      if (!is_name) return unexpected("a column's name");
      item.name_position = current_.position;
      item.quoted = current_.kind == Token::Kind::kQuotedName;
      item.name = advance().value();
      break;
    }
    case ItemKind::kFunction:
      BOWSHOT_TRY(parse_alias(item, false));
      BOWSHOT_TRY(parse_name_or_function(item));
      break;
    case ItemKind::kCompute: {
      BOWSHOT_TRY(parse_alias(item, true));
      BOWSHOT_ASSIGN(item.expression, parse_expression());
      break;
    }
  }
  item.text = text_.substr(static_cast<size_t>(item.position),
                           static_cast<size_t>(previous_end_ - item.position));
  return item;
}

Result<void> Parser::parse_alias(Item& item, bool is_required) {
  const bool is_name =
      current_.kind == Token::Kind::kName || current_.kind == Token::Kind::kQuotedName;
  if (is_name && is_followed_by(":")) {
    item.alias = advance().value();
    if (item.alias->empty()) return error_at(item.position, "an alias is not empty");
    advance();
    return {};
  }
  if (!is_required) return {};
  if (!is_name) return unexpected("an alias, as in `alias:expression`");
  advance();
  return unexpected("`:` after the alias, as in `alias:expression`");
}

Result<void> Parser::parse_name_or_function(Item& item) {
  item.name_position = current_.position;
  if (current_.kind == Token::Kind::kQuotedName) {
    item.quoted = true;
    item.name = advance().value();
    return {};
  }
  if (current_.kind != Token::Kind::kName) return unexpected("a name or a function");
  if (!is_followed_by("(")) {
    item.name = advance().value();
    return {};
  }
  item.function = advance().value();
  BOWSHOT_ASSIGN(item.arguments, parse_arguments());
  return {};
}

/// `(a, b)`, perhaps empty.
Result<std::vector<SyntaxPtr>> Parser::parse_arguments() {
  std::vector<SyntaxPtr> arguments;
  BOWSHOT_TRY(check_depth());
  const Nesting nesting(this);
  BOWSHOT_TRY(expect_symbol("("));
  if (accept_symbol(")")) return arguments;
  do {
    BOWSHOT_ASSIGN(SyntaxPtr argument, parse_expression());
    arguments.push_back(std::move(argument));
  } while (accept_symbol(","));
  if (!accept_symbol(")")) return unexpected("`,` or `)`", operator_words());
  return arguments;
}

Result<SyntaxPtr> Parser::parse_expression() {
  return parse_chain(Function::kOr, "OR", &Parser::parse_conjunction);
}

Result<SyntaxPtr> Parser::parse_conjunction() {
  return parse_chain(Function::kAnd, "AND", &Parser::parse_negation);
}

Result<SyntaxPtr> Parser::parse_chain(Function function, std::string_view keyword,
                                      Operand operand) {
  const int64_t position = current_.position;
  BOWSHOT_ASSIGN(SyntaxPtr first, (this->*operand)());
  if (!current_.is_keyword(keyword)) return first;
  std::vector<SyntaxPtr> arguments = {std::move(first)};
  while (accept_keyword(keyword)) {
    BOWSHOT_ASSIGN(SyntaxPtr argument, (this->*operand)());
    arguments.push_back(std::move(argument));
  }
  return make_operation(function, position, std::move(arguments));
}

Result<SyntaxPtr> Parser::parse_negation() {
  if (!current_.is_keyword("NOT")) return parse_predicate();
  BOWSHOT_TRY(check_depth());
  const Nesting nesting(this);
  const int64_t position = advance().position;
  BOWSHOT_ASSIGN(SyntaxPtr argument, parse_negation());
  return make_operation(Function::kNot, position, {std::move(argument)});
}

Result<SyntaxPtr> Parser::parse_predicate() {
  const int64_t position = current_.position;
  BOWSHOT_ASSIGN(SyntaxPtr left, parse_sum());
  for (const auto& [symbol, function] : kComparisons) {
    if (!accept_symbol(symbol)) continue;
    BOWSHOT_ASSIGN(SyntaxPtr right, parse_sum());
    return make_operation(function, position, {std::move(left), std::move(right)});
  }
  if (accept_keyword("IS")) {
    const bool negated = accept_keyword("NOT");
    if (!accept_keyword("NULL")) return unexpected(negated ? "NULL" : "NULL or NOT NULL");
    return std::make_shared<const SyntaxNode>(SyntaxNode{.kind = Kind::kOperation,
                                                         .position = position,
                                                         .function = Function::kIsNull,
                                                         .negated = negated,
                                                         .arguments = {std::move(left)}});
  }
  const bool negated = accept_keyword("NOT");
  return parse_predicate_end(std::move(left), negated);
}

/// After `x` or `x NOT`: BETWEEN, IN, LIKE, or, without NOT, nothing.
Result<SyntaxPtr> Parser::parse_predicate_end(SyntaxPtr left, bool negated) {
  SyntaxNode node{.kind = Kind::kOperation, .position = left->position, .negated = negated};
  if (accept_keyword("BETWEEN")) {
    node.function = Function::kBetween;
    BOWSHOT_ASSIGN(SyntaxPtr low, parse_sum());
    if (!accept_keyword("AND")) return unexpected("AND and the upper bound of BETWEEN");
    BOWSHOT_ASSIGN(SyntaxPtr high, parse_sum());
    node.arguments = {std::move(left), std::move(low), std::move(high)};
  } else if (accept_keyword("LIKE")) {
    node.function = Function::kLike;
    BOWSHOT_ASSIGN(SyntaxPtr pattern, parse_sum());
    if (const auto problem = find_pattern_problem(*pattern))
      return error_at(problem->position, std::string(problem->detail));
    node.arguments = {std::move(left), std::move(pattern)};
  } else if (accept_keyword("IN")) {
    node.function = Function::kIn;
    BOWSHOT_ASSIGN(std::vector<SyntaxPtr> items, parse_arguments());
    if (items.empty())
      return error_at(previous_end_ - 1, "expected a value, found `)`: IN needs at least one");
    node.arguments = {std::move(left)};
    std::ranges::move(items, std::back_inserter(node.arguments));
  } else {
    if (negated) return unexpected("BETWEEN, IN or LIKE after NOT");
    return left;
  }
  return std::make_shared<const SyntaxNode>(std::move(node));
}

Result<SyntaxPtr> Parser::parse_sum() {
  const int64_t position = current_.position;
  BOWSHOT_ASSIGN(SyntaxPtr first, parse_product());
  if (!current_.is_symbol("+") && !current_.is_symbol("-")) return first;
  SyntaxNode sum{.kind = Kind::kOperation, .position = position, .function = Function::kAdd};
  sum.arguments.push_back(std::move(first));
  sum.subtracted.push_back(false);
  while (current_.is_symbol("+") || current_.is_symbol("-")) {
    sum.subtracted.push_back(advance().text == "-");
    BOWSHOT_ASSIGN(SyntaxPtr argument, parse_product());
    sum.arguments.push_back(std::move(argument));
  }
  return std::make_shared<const SyntaxNode>(std::move(sum));
}

/// A run of one operator is one node; a change of operator nests what is to its left, so it counts
/// as depth: `a * b / c` cannot be regrouped without changing what it rounds to.
Result<SyntaxPtr> Parser::parse_product() {
  const int64_t position = current_.position;
  const int64_t deepest_before = std::exchange(deepest_, depth_);
  BOWSHOT_ASSIGN(SyntaxPtr left, parse_signed());
  bool is_change = false;
  while (const auto function = product_function(current_)) {
    if (std::exchange(is_change, true) && ++deepest_ > depth_max_) return too_deep();
    std::vector<SyntaxPtr> arguments = {std::move(left)};
    while (product_function(current_) == function) {
      advance();
      BOWSHOT_ASSIGN(SyntaxPtr argument, parse_signed());
      arguments.push_back(std::move(argument));
    }
    left = make_operation(*function, position, std::move(arguments));
  }
  deepest_ = std::max(deepest_, deepest_before);
  return left;
}

Result<SyntaxPtr> Parser::parse_signed() {
  if (current_.is_symbol("+")) {
    advance();
    if (current_.kind != Token::Kind::kNumber) return unexpected("a number after the sign `+`");
    return parse_power();
  }
  if (!current_.is_symbol("-")) return parse_power();
  BOWSHOT_TRY(check_depth());
  const Nesting nesting(this);
  const int64_t position = advance().position;
  BOWSHOT_ASSIGN(SyntaxPtr argument, parse_signed());
  return make_operation(Function::kNegate, position, {std::move(argument)});
}

/// Right-associative, and tighter than the sign to its left: -2^2 is -4, 2^-1 is 0.5.
Result<SyntaxPtr> Parser::parse_power() {
  const int64_t position = current_.position;
  BOWSHOT_ASSIGN(SyntaxPtr base, parse_operand());
  if (!current_.is_symbol("^")) return base;
  BOWSHOT_TRY(check_depth());
  const Nesting nesting(this);
  advance();
  BOWSHOT_ASSIGN(SyntaxPtr exponent, parse_signed());
  return make_operation(Function::kPower, position, {std::move(base), std::move(exponent)});
}

Result<SyntaxPtr> Parser::parse_operand() {
  switch (current_.kind) {
    case Token::Kind::kNumber:
    case Token::Kind::kText: {
      const Kind kind = current_.kind == Token::Kind::kNumber ? Kind::kNumber : Kind::kText;
      BOWSHOT_ASSIGN(SyntaxPtr literal,
                     make_literal_node(
                         {.kind = kind, .position = current_.position, .text = current_.value()}));
      advance();
      return literal;
    }
    case Token::Kind::kQuotedName:
    case Token::Kind::kName:
      return parse_name_operand();
    default:
      break;
  }
  if (!current_.is_symbol("(")) return unexpected("a column, a value or `(`");
  BOWSHOT_TRY(check_depth());
  const Nesting nesting(this);
  advance();
  BOWSHOT_ASSIGN(SyntaxPtr inside, parse_expression());
  if (!accept_symbol(")")) return unexpected("an operator or `)`", operator_words());
  return inside;
}

Result<SyntaxPtr> Parser::parse_name_operand() {
  const int64_t position = current_.position;
  const bool quoted = current_.kind == Token::Kind::kQuotedName;
  if (!quoted) {
    const bool is_true = current_.is_keyword("TRUE");
    if (is_true || current_.is_keyword("FALSE")) {
      advance();
      return make_literal_node({.kind = Kind::kBoolean, .position = position, .truth = is_true});
    }
    if (current_.is_keyword("NULL"))
      return error_at(position, "NULL is not a value here; write `x IS NULL`", {"IS NULL"});
    if (is_reserved_word(current_.text)) return unexpected("a column or a value");
    if (is_followed_by("(")) return parse_call();
  }
  return std::make_shared<const SyntaxNode>(SyntaxNode{
      .kind = Kind::kName, .position = position, .text = advance().value(), .quoted = quoted});
}

/// CASEI(x), DATE('...'), TIMESTAMP('...'). These words are names where no parenthesis follows.
Result<SyntaxPtr> Parser::parse_call() {
  const Token name = advance();
  if (name.is_keyword("CASEI")) {
    BOWSHOT_ASSIGN(std::vector<SyntaxPtr> arguments, parse_arguments());
    if (arguments.size() != 1)
      return error_at(name.position,
                      fmt::format("CASEI takes one argument, not {}", arguments.size()));
    return make_operation(Function::kCasei, name.position, std::move(arguments));
  }
  const bool is_date = name.is_keyword("DATE");
  if (!is_date && !name.is_keyword("TIMESTAMP")) {
    static const std::vector<std::string> kFunctions = {"CASEI", "DATE", "TIMESTAMP"};
    return error_at(name.position,
                    fmt::format("{} is not a function of an expression; there are CASEI, DATE and "
                                "TIMESTAMP",
                                excerpt(name.text)),
                    suggest(name.text, kFunctions));
  }
  return parse_instant(name, is_date);
}

/// `('2026-11-22')`, after its word.
Result<SyntaxPtr> Parser::parse_instant(const Token& name, bool is_date) {
  const std::string_view example = is_date ? "'2026-11-22'" : "'2026-11-22T10:00:00Z'";
  BOWSHOT_TRY(expect_symbol("("));
  if (current_.kind != Token::Kind::kText)
    return unexpected(fmt::format("a text such as {}", example));
  const std::string text = current_.value();
  if (is_date ? !parse_date(text) : !parse_timestamp(text))
    return error_at(name.position,
                    fmt::format("{} is no {}; write it as {}", excerpt(current_.text),
                                is_date ? "date" : "timestamp", example));
  BOWSHOT_ASSIGN(SyntaxPtr literal,
                 make_literal_node({.kind = is_date ? Kind::kDate : Kind::kTimestamp,
                                    .position = name.position,
                                    .text = current_.value()}));
  advance();
  BOWSHOT_TRY(expect_symbol(")"));
  return literal;
}

Result<SyntaxPtr> Parser::make_literal_node(SyntaxNode node) {
  if (++literals_ > literals_max_)
    return error_at(node.position,
                    fmt::format("more than {} literals (filter_literals)", literals_max_));
  return std::make_shared<const SyntaxNode>(std::move(node));
}

Token Parser::advance() {
  const Token taken = current_;
  previous_end_ = taken.position + static_cast<int64_t>(taken.text.size());
  current_ = lexer_.next();
  return taken;
}

bool Parser::accept_symbol(std::string_view symbol) {
  if (!current_.is_symbol(symbol)) return false;
  advance();
  return true;
}

bool Parser::accept_keyword(std::string_view upper_case) {
  if (!current_.is_keyword(upper_case)) return false;
  advance();
  return true;
}

bool Parser::is_followed_by(std::string_view symbol) const {
  Lexer ahead = lexer_;
  return ahead.next().is_symbol(symbol);
}

Result<void> Parser::expect_symbol(std::string_view symbol) {
  if (!accept_symbol(symbol)) return unexpected(fmt::format("`{}`", symbol));
  return {};
}

Result<void> Parser::check_depth() const {
  if (depth_ < depth_max_) return {};
  return too_deep();
}

std::unexpected<Error> Parser::too_deep() const {
  return error_at(current_.position, fmt::format("the expression nests deeper than {} "
                                                 "(filter_depth)",
                                                 depth_max_));
}

Result<void> Parser::expect_end(std::string_view expected) {
  if (current_.kind != Token::Kind::kEnd) return unexpected(expected, operator_words());
  return {};
}

std::unexpected<Error> Parser::unexpected(std::string_view expected,
                                          const std::vector<std::string>& candidates) const {
  if (current_.kind == Token::Kind::kInvalid)
    return error_at(current_.position, fmt::format("expected {}: {}", expected, current_.problem));
  if (current_.is_symbol("!="))
    return error_at(current_.position, "`!=` is not CQL2; not equal is `<>`", {"<>"});
  if (current_.is_symbol("=="))
    return error_at(current_.position, "`==` is not CQL2; equal is `=`", {"="});
  std::string detail = fmt::format("expected {}, found {}", expected, describe(current_));
  std::vector<std::string> suggestions;
  if (current_.kind == Token::Kind::kName) {
    suggestions = suggest(current_.text, candidates);
    if (is_reserved_word(current_.text))
      detail += "; a column of that name is written in double quotes";
  }
  return error_at(current_.position, std::move(detail), std::move(suggestions));
}

std::unexpected<Error> Parser::error_at(int64_t position, std::string detail,
                                        std::vector<std::string> suggestions) const {
  return fail(Error{.code = code_,
                    .detail = std::move(detail),
                    .position = position,
                    .suggestions = std::move(suggestions)});
}

}  // namespace bowshot
