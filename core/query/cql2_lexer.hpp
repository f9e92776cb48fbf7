#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bowshot {

/// One word of CQL2. Views into the text that the lexer was made with.
struct Token {
  enum class Kind { kEnd, kName, kQuotedName, kText, kNumber, kSymbol, kInvalid };
  Kind kind = Kind::kEnd;
  int64_t position = 0;           // byte offset; of kEnd: the text's length
  std::string_view text = {};     // as written, quotes included
  std::string_view problem = {};  // kInvalid: what is wrong

  bool is_symbol(std::string_view symbol) const { return kind == Kind::kSymbol && text == symbol; }
  /// A bare name that is this keyword, written in any case.
  bool is_keyword(std::string_view upper_case) const;
  /// What is between the quotes, with doubled quotes undone; a bare name as it is.
  std::string value() const;
};

/// Splits CQL2 text into tokens, one at a time. What cannot be a token is a token of kind kInvalid,
/// which the parser reports when it gets there. Copying one is a way to look ahead.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Token next();

 private:
  Token take(Token::Kind kind, size_t bytes);
  Token invalid(size_t position, std::string_view problem);
  Token next_quoted(char quote, Token::Kind kind, std::string_view problem);
  Token next_number();
  Token next_name();
  Token next_symbol();

  std::string_view text_;
  size_t position_ = 0;
};

/// Whether a bare word means something of its own in CQL2, so that a column of that name is quoted.
bool is_reserved_word(std::string_view word);

}  // namespace bowshot
