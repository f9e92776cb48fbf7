#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/check.hpp"
#include "query/cql2_json.hpp"
#include "query/json_value.hpp"
#include "query/percent.hpp"
#include "query/raw_request.hpp"
#include "query/spelling.hpp"

namespace bowshot {

namespace {

using Kind = ParameterInfo::Kind;

constexpr size_t kNameBytesMax = 255;  // of a version or a file

std::unexpected<Error> bad_parameter(std::string detail) {
  return fail(ErrorCode::kBadParameter, std::move(detail));
}

bool is_dataset_name(std::string_view name) {
  constexpr size_t kBytesMax = 128;
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && name.size() <= kBytesMax && is_word(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

/// What a parameter takes in JSON, for errors.
std::string_view expected_text(const ParameterInfo& parameter) {
  if (parameter.kind == Kind::kInteger || parameter.kind == Kind::kUnsigned) return "an integer";
  if (parameter.kind == Kind::kBound) return "a number, or a string";
  if (parameter.kind == Kind::kFilter) return "a string (cql2-text), or an object (cql2-json)";
  if (!parameter.is_list()) return "a string";
  return parameter.takes_object()
             ? "an array of strings, a string, or an object {\"alias\": \"expression\"} of strings"
             : "an array of strings, or a string";
}

Result<std::vector<Item>> parse_list(Kind kind, std::string_view text, const Limits& limits) {
  switch (kind) {
    case Kind::kComputeList:
      return parse_compute_list(text, limits);
    case Kind::kNameList:
      return parse_name_list(text, limits);
    case Kind::kOrderList:
      return parse_order_list(text, limits);
    default:
      BOWSHOT_CHECK(kind == Kind::kKeyList || kind == Kind::kMeasureList);
      return parse_function_list(text, limits);
  }
}

Result<Item> parse_item(Kind kind, std::string_view text, const Limits& limits) {
  switch (kind) {
    case Kind::kComputeList:
      return parse_compute_item(text, limits);
    case Kind::kNameList:
      return parse_name_item(text, limits);
    case Kind::kOrderList:
      return parse_order_item(text, limits);
    default:
      BOWSHOT_CHECK(kind == Kind::kKeyList || kind == Kind::kMeasureList);
      return parse_function_item(text, limits);
  }
}

/// A member {"alias": "expression"} as an item.
Result<Item> parse_aliased(Kind kind, const AliasedText& member, const Limits& limits) {
  if (member.alias.empty()) return bad_parameter("an alias is empty");
  Item item;
  if (kind == Kind::kComputeList) {
    BOWSHOT_ASSIGN(item.expression, parse_scalar(member.text, limits));
  } else {
    BOWSHOT_ASSIGN(item, parse_function_item(member.text, limits));
    if (item.alias) return bad_parameter("the alias is given twice: as the key and in the value");
  }
  item.alias = member.alias;
  item.text = fmt::format("{}:{}", spell_name(member.alias), trim(member.text));
  return item;
}

/// Strict decimal, one spelling a value: no sign but a minus, no leading zeros, no exponent, no
/// fraction; so `1e3`, `10.0`, `-0`, `+1` and `007` are refused, in JSON too.
Result<int64_t> parse_integer(std::string_view text, const ParameterInfo& parameter) {
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const bool is_padded = digits.starts_with('0') && text != "0";
  const bool is_decimal = !digits.empty() && end == text.data() + text.size() && !is_padded;
  if (!is_decimal || code != std::errc() || value < parameter.min || value > parameter.max)
    return bad_parameter(fmt::format("must be a decimal integer from {} to {}, was {}",
                                     parameter.min, parameter.max, quote_value(text)));
  return value;
}

/// Whether a JSON number is one of its forms.
bool takes_number(const ParameterInfo& parameter) {
  return parameter.kind == Kind::kInteger || parameter.kind == Kind::kUnsigned ||
         parameter.kind == Kind::kBound;
}

Result<void> check_file_name(std::string_view name) {
  for (size_t i = 0; i < name.size(); ++i) {
    const auto byte = [&](size_t j) { return static_cast<unsigned char>(name[j]); };
    const bool is_c1 = byte(i) == 0xC2 && i + 1 < name.size() && byte(i + 1) < 0xA0;
    if (byte(i) < 0x20 || byte(i) == 0x7F || is_c1)  // C0, delete, and U+0080 to U+009F
      return bad_parameter("a file name has no control characters");
  }
  if (name.find_first_of("/\\") != name.npos || name == "." || name == "..")
    return bad_parameter(
        fmt::format("must be a file name without a folder, was {}", quote_value(name)));
  return {};
}

/// Fills one Request from one RawRequest. Of a parameter in error it names the spelling that the
/// client used, `skip`.
class Validation {
 public:
  explicit Validation(const Limits& limits) : limits_(&limits) {}

  Result<Request> run(const RawRequest& raw) {
    if (!is_dataset_name(raw.dataset))
      return fail({.code = ErrorCode::kUnknownDataset,
                   .detail = "a dataset's name is 1 to 128 letters, digits, `_`, `.` and `-`, the "
                             "first no `.` or `-`",
                   .parameter = "dataset"});
    request_.dataset = raw.dataset;
    request_.shape = raw.shape;
    for (const RawParameter& parameter : raw.parameters) {
      if (auto added = add(parameter); !added) {
        Error error = std::move(added).error();
        error.parameter = clip(parameter.name, kNameBytesMax);  // an unknown name may be long
        if (error.pointer.empty()) error.pointer = parameter.pointer;
        return fail(std::move(error));
      }
    }
    BOWSHOT_TRY(read_filter());
    BOWSHOT_TRY(add_missing());
    request_.canonical = canonical();
    return std::move(request_);
  }

 private:
  Result<void> add(const RawParameter& raw) {
    const ParameterInfo* parameter = find_parameter(raw.name, request_.shape);
    if (!parameter) return unknown(raw.name);
    if (!names_seen_.emplace(parameter, raw.name).second)
      return bad_parameter(raw.name == names_seen_.at(parameter)
                               ? "given twice"
                               : fmt::format("given twice, as `{}` and as `{}`",
                                             names_seen_.at(parameter), raw.name));

    if (parameter->kind == Kind::kFilter) {  // read when its language is known
      filter_ = &raw;
      return {};
    }
    if (const auto* text = std::get_if<std::string>(&raw.value))
      return set_text(*parameter, *text, raw.pointer);
    if (const auto* number = std::get_if<RawNumber>(&raw.value); number && takes_number(*parameter))
      return set_text(*parameter, number->text, raw.pointer);
    if (const auto* items = std::get_if<std::vector<std::string>>(&raw.value);
        items && parameter->is_list())
      return set_items(*parameter, *items, raw.pointer);
    if (const auto* members = std::get_if<std::vector<AliasedText>>(&raw.value);
        members && parameter->takes_object())
      return set_members(*parameter, *members, raw.pointer);
    return wrong_kind(*parameter, raw);
  }

  Result<void> unknown(std::string_view name) const {
    std::vector<std::string> known;
    for (const ParameterInfo& parameter : parameter_table()) {
      if (!applies_to(parameter, request_.shape)) continue;
      known.emplace_back(parameter.name);
      if (!parameter.alias.empty()) known.emplace_back(parameter.alias);
    }
    return fail(
        {.code = ErrorCode::kUnknownParameter,
         .detail = fmt::format("{} has no parameter {}; it has {}", shape_name(request_.shape),
                               quote_value(name), fmt::join(known, ", ")),
         .suggestions = suggest(name, known)});
  }

  Result<void> wrong_kind(const ParameterInfo& parameter, const RawParameter& raw) const {
    struct What {
      std::string operator()(const std::string&) const { return "a string"; }
      std::string operator()(const RawNumber& number) const {
        return "the number " + quote_value(number.text);
      }
      std::string operator()(const std::vector<std::string>&) const { return "an array"; }
      std::string operator()(const std::vector<AliasedText>&) const { return "an object"; }
      std::string operator()(const RawOther& other) const { return std::string(other.what); }
    };
    const std::string what = std::visit(What{}, raw.value);
    return bad_parameter(fmt::format("must be {}, was {}", expected_text(parameter), what));
  }

  Result<void> set_text(const ParameterInfo& parameter, const std::string& text,
                        const std::string& pointer) {
    if (text.empty()) return bad_parameter("the value is empty");
    if (parameter.is_list()) {
      BOWSHOT_ASSIGN(std::vector<Item> items, parse_list(parameter.kind, text, *limits_));
      for (Item& item : items) item.pointer = pointer;
      return set_list(parameter, std::move(items));
    }
    switch (parameter.kind) {
      case Kind::kInteger:
        return set_integer(parameter, text);
      case Kind::kUnsigned:
        return set_unsigned(parameter, text);
      case Kind::kColumn:
        return set_column(parameter, text, pointer);
      case Kind::kText:
      case Kind::kBound:
        spelt_[&parameter] = text;
        request_.*std::get<std::optional<std::string> Request::*>(parameter.member) = text;
        return {};
      case Kind::kFilterLanguage:
        return set_filter_language(text);
      case Kind::kFileName:
        BOWSHOT_TRY(check_file_name(text));
        break;
      default:
        break;
    }
    if (text.size() > kNameBytesMax)
      return bad_parameter(
          fmt::format("must have at most {} bytes, has {}", kNameBytesMax, text.size()));
    request_.*std::get<std::optional<std::string> Request::*>(parameter.member) = text;
    return {};
  }

  Result<void> set_filter_language(std::string_view text) {
    filter_is_json_ = text == "cql2-json";
    if (*filter_is_json_ || text == "cql2-text") return {};
    return bad_parameter(
        fmt::format("must be `cql2-text` or `cql2-json`, was {}", quote_value(text)));
  }

  Result<void> read_filter() {
    if (!filter_) return {};
    const ParameterInfo& parameter = *find_parameter(filter_->name, request_.shape);
    request_.filter_pointer = filter_->pointer;
    Result<void> read = set_filter(parameter);
    if (read) return {};
    Error error = std::move(read).error();
    if (error.parameter.empty()) error.parameter = filter_->name;
    // Within a JSON filter the pointer counts from the filter on.
    if (error.parameter == filter_->name) error.pointer = filter_->pointer + error.pointer;
    return fail(std::move(error));
  }

  /// The language tells what a text is; an object is cql2-json, whatever the default says.
  Result<void> set_filter(const ParameterInfo& parameter) {
    const auto* text = std::get_if<std::string>(&filter_->value);
    const JsonValue* json = filter_->json;
    const bool is_object = json && json->kind == JsonValue::Kind::kObject;
    if (!text && !is_object) return wrong_kind(parameter, *filter_);
    if (is_object && filter_is_json_ == false)
      return fail({.code = ErrorCode::kBadParameter,
                   .detail = "the filter is an object, which is cql2-json",
                   .parameter = "filter-lang",
                   .pointer = "/filter-lang"});
    if (is_object) return set_json_filter(parameter, *json);
    if (trim(*text).empty())
      return fail({.code = ErrorCode::kBadFilter, .detail = "the filter is empty", .position = 0});
    if (filter_is_json_.value_or(false)) return set_json_filter(parameter, *text);
    BOWSHOT_ASSIGN(request_.filter, parse_cql2(*text, *limits_));
    spelt_[&parameter] = trim(*text);
    return {};
  }

  Result<void> set_json_filter(const ParameterInfo& parameter, const std::string& text) {
    auto json = parse_json(text, cql2_json_levels_max(*limits_));
    if (!json) {
      Error error = std::move(json).error();
      error.code = ErrorCode::kBadFilter;
      return fail(std::move(error));
    }
    return set_json_filter(parameter, *json);
  }

  Result<void> set_json_filter(const ParameterInfo& parameter, const JsonValue& json) {
    BOWSHOT_ASSIGN(JsonFilter filter, read_cql2_json(json, *limits_));
    request_.filter = std::move(filter.syntax);
    request_.filter_pointers = std::move(filter.pointers);
    spelt_[&parameter] = spell_json(json);
    return {};
  }

  Result<void> set_integer(const ParameterInfo& parameter, std::string_view text) {
    BOWSHOT_ASSIGN(const int64_t value, parse_integer(text, parameter));
    if (const auto* plain = std::get_if<int64_t Request::*>(&parameter.member))
      request_.** plain = value;
    else
      request_.*std::get<std::optional<int64_t> Request::*>(parameter.member) = value;
    spelt_[&parameter] = fmt::format("{}", value);
    return {};
  }

  Result<void> set_unsigned(const ParameterInfo& parameter, std::string_view text) {
    uint64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_padded = text.starts_with('0') && text != "0";
    if (code != std::errc() || end != text.data() + text.size() || is_padded)
      return bad_parameter(fmt::format("must be a decimal integer from 0 to {}, was {}", UINT64_MAX,
                                       quote_value(text)));
    request_.*std::get<uint64_t Request::*>(parameter.member) = value;
    spelt_[&parameter] = fmt::format("{}", value);
    return {};
  }

  Result<void> set_column(const ParameterInfo& parameter, const std::string& text,
                          const std::string& pointer) {
    BOWSHOT_ASSIGN(Item item, parse_name_item(text, *limits_));
    item.pointer = pointer;
    spelt_[&parameter] = spell_item(item);
    request_.*std::get<std::optional<Item> Request::*>(parameter.member) = std::move(item);
    return {};
  }

  /// What was not given: an error, or the default where that is a value.
  Result<void> add_missing() {
    for (const ParameterInfo& parameter : parameter_table()) {
      if (!applies_to(parameter, request_.shape) || names_seen_.contains(&parameter)) continue;
      if (parameter.required)
        return fail({.code = ErrorCode::kMissingParameter,
                     .detail = fmt::format("{} needs the parameter `{}`",
                                           shape_name(request_.shape), parameter.name),
                     .parameter = std::string(parameter.name)});
      if (parameter.kind == Kind::kInteger && !parameter.default_text.empty())
        BOWSHOT_TRY(set_integer(parameter, parameter.default_text));
    }
    return {};
  }

  Result<void> set_items(const ParameterInfo& parameter, const std::vector<std::string>& texts,
                         const std::string& pointer) {
    std::vector<Item> items;
    for (const std::string& text : texts)
      BOWSHOT_TRY(add_item(parse_item(parameter.kind, text, *limits_),
                           json_pointer(pointer, fmt::format("{}", items.size())), items));
    return set_list(parameter, std::move(items));
  }

  Result<void> set_members(const ParameterInfo& parameter, const std::vector<AliasedText>& members,
                           const std::string& pointer) {
    std::vector<Item> items;
    for (const AliasedText& member : members)
      BOWSHOT_TRY(add_item(parse_aliased(parameter.kind, member, *limits_),
                           json_pointer(pointer, member.alias), items));
    return set_list(parameter, std::move(items));
  }

  /// An item of a JSON array or object, or what is wrong with it, under its own pointer.
  static Result<void> add_item(Result<Item> item, std::string pointer, std::vector<Item>& items) {
    if (!item) {
      Error error = std::move(item).error();
      error.pointer = std::move(pointer);
      return fail(std::move(error));
    }
    item->pointer = std::move(pointer);
    items.push_back(*std::move(item));
    return {};
  }

  Result<void> set_list(const ParameterInfo& parameter, std::vector<Item> items) {
    if (items.empty()) return bad_parameter("the list is empty");
    if (parameter.kind == Kind::kNameList) BOWSHOT_TRY(check_names_once(items));
    std::vector<std::string> texts;
    for (const Item& item : items) texts.push_back(spell_item(item));
    spelt_[&parameter] = fmt::format("{}", fmt::join(texts, ","));
    request_.*std::get<std::vector<Item> Request::*>(parameter.member) = std::move(items);
    return {};
  }

  static Result<void> check_names_once(const std::vector<Item>& items) {
    std::set<std::string_view> names;
    for (size_t i = 0; i < items.size(); ++i) {
      if (names.insert(items[i].name).second) continue;
      return fail({.code = ErrorCode::kBadParameter,
                   .detail = fmt::format("the column {} is repeated", quote_value(items[i].name)),
                   .position = items[i].position,
                   .pointer = items[i].pointer});
    }
    return {};
  }

  std::string canonical() const {
    std::string url =
        fmt::format("/v1/datasets/{}/{}", request_.dataset, shape_name(request_.shape));
    char separator = '?';
    for (const ParameterInfo& parameter : parameter_table()) {
      if (!applies_to(parameter, request_.shape)) continue;
      const auto spelt = spelt_.find(&parameter);
      std::string_view text = spelt != spelt_.end() ? spelt->second : parameter.default_text;
      // It has no value of its own: how the filter is read is said where it is not the default.
      if (parameter.kind == Kind::kFilterLanguage)
        text = request_.filter_pointers.empty() ? "" : "cql2-json";
      if (text.empty()) continue;
      url += fmt::format("{}{}={}", separator, parameter.name, percent_encode(text));
      separator = '&';
    }
    return url;
  }

  const Limits* limits_;                  // outlives the call that made this
  const RawParameter* filter_ = nullptr;  // of the RawRequest, which outlives this
  std::optional<bool> filter_is_json_;    // as `filter-lang` says
  Request request_;
  std::map<const ParameterInfo*, std::string> names_seen_;  // as the client wrote them
  std::map<const ParameterInfo*, std::string> spelt_;       // values in the one canonical spelling
};

}  // namespace

Result<Request> validate_request(const RawRequest& raw, const Limits& limits) {
  return Validation(limits).run(raw);
}

}  // namespace bowshot
