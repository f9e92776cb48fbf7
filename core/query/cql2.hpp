#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/limits.hpp"

namespace bowshot {

/// An untyped syntax tree with byte positions; defined in query/syntax.hpp, opaque elsewhere.
struct SyntaxNode;
using SyntaxPtr = std::shared_ptr<const SyntaxNode>;

/// Parses CQL2 text (OGC 21-065r2, the classes of protocol/PROTOCOL.md section 3): a predicate or a
/// scalar expression. Errors: `bad_filter` with the 0-based byte position (the text's length at an
/// unexpected end), including too deep (filter_depth) and too many literals (filter_literals).
Result<SyntaxPtr> parse_cql2(std::string_view text, const Limits& limits);

/// One item of a list parameter, `[alias:]name` or `[alias:]function(arguments)` or, for `order`,
/// `[-]name`. Bare names follow the protocol's spelling, quoted ones "..." with "" inside.
struct Item {
  std::optional<std::string> alias;
  bool descending = false;
  std::string name;      // the column, or empty when `function` is set
  bool quoted = false;   // whether the column's name was written in double quotes
  std::string function;  // as written: mean, time_bin, ...; empty for a plain name
  std::vector<SyntaxPtr> arguments;
  SyntaxPtr expression;       // `compute` items only: the expression after the alias
  int64_t position = 0;       // byte offset of the item in the parameter's text
  int64_t name_position = 0;  // of the name or function: after an alias or the `-`
  std::string text;           // as written, without surrounding blanks
  std::string pointer = {};   // JSON Pointer of the text that `position` counts in; empty: a URL
};

/// Split and parse list parameters. Errors: `bad_parameter` with `position`; an empty list is one.
/// The caller adds the `parameter` name.
Result<std::vector<Item>> parse_name_list(std::string_view text, const Limits& limits);
Result<std::vector<Item>> parse_order_list(std::string_view text, const Limits& limits);
Result<std::vector<Item>> parse_function_list(std::string_view text,
                                              const Limits& limits);  // by, measures
Result<std::vector<Item>> parse_compute_list(std::string_view text, const Limits& limits);
/// One item alone (an element of a JSON array); `position` counts within `text`.
Result<Item> parse_name_item(std::string_view text, const Limits& limits);
Result<Item> parse_order_item(std::string_view text, const Limits& limits);
Result<Item> parse_function_item(std::string_view text, const Limits& limits);
Result<Item> parse_compute_item(std::string_view text, const Limits& limits);
/// A scalar expression alone (a value of a JSON compute object): as parse_cql2, but
/// `bad_parameter`.
Result<SyntaxPtr> parse_scalar(std::string_view text, const Limits& limits);

/// A column's name as the protocol spells it everywhere: bare where it is an identifier and no
/// keyword of CQL2, else quoted.
std::string spell_name(std::string_view name);

}  // namespace bowshot
