#include "query/cql2_lexer.hpp"

#include <algorithm>

#include "query/cql2_letters.hpp"

namespace bowshot {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool equal_without_case(std::string_view word, std::string_view upper_case) {
  return std::ranges::equal(word, upper_case, {}, upper);
}

size_t digits_from(std::string_view text, size_t start) {
  size_t end = start;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end;
}

/// Longer ones first. `!=` and `==` are none of CQL2's, but the parser has advice for them.
constexpr std::string_view kSymbols[] = {"<>", "<=", ">=", "!=", "==", "=", "<", ">", "(",
                                         ")",  ",",  ":",  "+",  "-",  "*", "/", "%", "^"};

constexpr std::string_view kReservedWords[] = {"AND", "OR",   "NOT",  "BETWEEN", "IN", "LIKE",
                                               "IS",  "NULL", "TRUE", "FALSE",   "DIV"};

}  // namespace

bool Token::is_keyword(std::string_view upper_case) const {
  return kind == Kind::kName && equal_without_case(text, upper_case);
}

std::string Token::value() const {
  if (kind != Kind::kQuotedName && kind != Kind::kText) return std::string(text);
  const std::string_view inside = text.substr(1, text.size() - 2);
  std::string value;
  value.reserve(inside.size());
  for (size_t i = 0; i < inside.size(); ++i) {
    value.push_back(inside[i]);
    if (inside[i] == text.front()) ++i;  // the second of a doubled quote
  }
  return value;
}

Token Lexer::next() {
  while (position_ < text_.size() && is_blank(text_[position_])) ++position_;
  if (position_ == text_.size()) return take(Token::Kind::kEnd, 0);
  const std::string_view rest = text_.substr(position_);
  const char first = rest.front();
  if (first == '\'')
    return next_quoted('\'', Token::Kind::kText, "the text has no closing single quote");
  if (first == '"')
    return next_quoted('"', Token::Kind::kQuotedName, "the name has no closing double quote");
  const bool is_fraction = first == '.' && rest.size() > 1 && is_digit(rest[1]);
  if (is_digit(first) || is_fraction) return next_number();
  const auto code_point = decode_code_point(rest);
  if (!code_point) return invalid(position_, "the text is not UTF-8");
  if (is_name_start(code_point->value)) return next_name();
  return next_symbol();
}

Token Lexer::take(Token::Kind kind, size_t bytes) {
  const Token token{.kind = kind,
                    .position = static_cast<int64_t>(position_),
                    .text = text_.substr(position_, bytes)};
  position_ += bytes;
  return token;
}

Token Lexer::invalid(size_t position, std::string_view problem) {
  return {.kind = Token::Kind::kInvalid,
          .position = static_cast<int64_t>(position),
          .text = text_.substr(position, 1),
          .problem = problem};
}

Token Lexer::next_quoted(char quote, Token::Kind kind, std::string_view problem) {
  size_t end = position_ + 1;
  while (true) {
    end = text_.find(quote, end);
    if (end == std::string_view::npos) return invalid(text_.size(), problem);
    if (end + 1 == text_.size() || text_[end + 1] != quote) break;
    end += 2;
  }
  return take(kind, end + 1 - position_);
}

Token Lexer::next_number() {
  size_t end = digits_from(text_, position_);
  if (end < text_.size() && text_[end] == '.') end = digits_from(text_, end + 1);
  if (end < text_.size() && upper(text_[end]) == 'E') {
    size_t exponent = end + 1;
    if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
    const size_t exponent_end = digits_from(text_, exponent);
    if (exponent_end == exponent) return invalid(exponent, "the exponent has no digits");
    end = exponent_end;
  }
  return take(Token::Kind::kNumber, end - position_);
}

Token Lexer::next_name() {
  size_t end = position_;
  while (const auto code_point = decode_code_point(text_.substr(end))) {
    if (!is_name_part(code_point->value)) break;
    end += code_point->bytes;
  }
  return take(Token::Kind::kName, end - position_);
}

Token Lexer::next_symbol() {
  const std::string_view rest = text_.substr(position_);
  for (const std::string_view symbol : kSymbols)
    if (rest.starts_with(symbol)) return take(Token::Kind::kSymbol, symbol.size());
  return invalid(position_, "a character that CQL2 has no use for");
}

bool is_reserved_word(std::string_view word) {
  return std::ranges::any_of(kReservedWords, [&](std::string_view reserved) {
    return equal_without_case(word, reserved);
  });
}

}  // namespace bowshot
