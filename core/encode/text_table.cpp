#include "encode/text_table.hpp"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "encode/text_rows.hpp"
#include "encode/utf8.hpp"

namespace bowshot {

namespace {

constexpr std::string_view kBetween = " │ ";
constexpr size_t kBetweenColumns = 3;
constexpr std::string_view kCut = "…";

struct CharacterRange {
  char32_t first;
  char32_t last;
};
/// Unicode's East Asian Width W and F, and what screens draw as pictures.
constexpr std::array kWide = {
    CharacterRange{0x1100, 0x115F},   CharacterRange{0x2E80, 0x303E},
    CharacterRange{0x3041, 0xA4CF},   CharacterRange{0xAC00, 0xD7A3},
    CharacterRange{0xF900, 0xFAFF},   CharacterRange{0xFE30, 0xFE6F},
    CharacterRange{0xFF00, 0xFF60},   CharacterRange{0xFFE0, 0xFFE6},
    CharacterRange{0x1F300, 0x1F64F}, CharacterRange{0x1F680, 0x1F6FF},
    CharacterRange{0x1F900, 0x1F9FF}, CharacterRange{0x20000, 0x3FFFD},
};
constexpr std::array kWithoutWidth = {
    CharacterRange{0x0300, 0x036F},
    CharacterRange{0x200B, 0x200D},
    CharacterRange{0xFE00, 0xFE0F},
};
/// What would move the cursor, turn the writing's direction or colour the screen.
constexpr std::array kControls = {
    CharacterRange{0x00, 0x1F},     CharacterRange{0x7F, 0x9F},     CharacterRange{0x200E, 0x200F},
    CharacterRange{0x2028, 0x202E}, CharacterRange{0x2066, 0x2069},
};

bool is_in(char32_t character, std::span<const CharacterRange> ranges) {
  return std::ranges::any_of(ranges, [character](const CharacterRange& range) {
    return range.first <= character && character <= range.last;
  });
}

size_t width_of(char32_t character) {
  if (is_in(character, kWithoutWidth)) return 0;
  return is_in(character, kWide) ? 2 : 1;
}

/// The first character of `text`, which is not empty, taken off it.
char32_t take_character(std::string_view& text, std::string_view& bytes) {
  const Utf8Sequence sequence = first_utf8_sequence(text);
  const auto lead = static_cast<unsigned char>(text[0]);
  bytes = text.substr(0, static_cast<size_t>(sequence.bytes));
  text.remove_prefix(bytes.size());
  if (!sequence.valid) {
    bytes = kReplacement;
    return 0xFFFD;
  }
  if (bytes.size() == 1) return lead;
  char32_t character = lead & (0xFFU >> (bytes.size() + 1));
  for (const char c : bytes.substr(1)) character = (character << 6) | (c & 0x3F);
  return character;
}

std::string escaped(char32_t character) {
  if (character == '\n') return "\\n";
  if (character == '\r') return "\\r";
  if (character == '\t') return "\\t";
  return fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(character));
}

/// `text` without controls, cut to `columns_max` screen columns.
std::string cell_text(std::string_view text, size_t columns_max) {
  std::string out;
  std::string kept;  // that which leaves room for kCut
  size_t columns = 0;
  while (!text.empty()) {
    std::string_view bytes;
    const char32_t character = take_character(text, bytes);
    const bool is_control = is_in(character, kControls);
    const std::string shown = is_control ? escaped(character) : std::string(bytes);
    const size_t width = is_control ? shown.size() : width_of(character);
    if (columns + width > columns_max) return kept.append(kCut);
    out += shown;
    columns += width;
    if (columns < columns_max) kept = out;
  }
  return out;
}

/// A field of RFC 4180 as the text that it stands for.
std::string unquoted(std::string_view field) {
  if (field.size() < 2 || field.front() != '"') return std::string(field);
  std::string text;
  for (size_t i = 1; i + 1 < field.size(); ++i) {
    text += field[i];
    if (field[i] == '"') ++i;
  }
  return text;
}

std::string padded(std::string_view text, size_t width, bool at_right) {
  const std::string space(width - std::min(width, screen_columns(text)), ' ');
  return at_right ? space + std::string(text) : std::string(text) + space;
}

std::string with_commas(int64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::unexpected<Error> fail_reading(const arrow::Status& status) {
  return fail(
      ErrorCode::kBadData,
      fmt::format("the answer is no Arrow stream that can be read ({})", status.CodeAsString()));
}

}  // namespace

size_t screen_columns(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    std::string_view bytes;
    columns += width_of(take_character(text, bytes));
  }
  return columns;
}

/// What the decoder calls; it keeps the first error that is not Arrow's own.
class TextTable::Listener : public arrow::ipc::Listener {
 public:
  explicit Listener(TextTable* table) : table_(table) {}
  arrow::Status OnSchemaDecoded(std::shared_ptr<arrow::Schema> schema) override {
    for (const auto& field : schema->fields()) {
      const arrow::Type::type type = field->type()->id();
      table_->columns_.push_back({.name = cell_text(field->name(), kCellColumnsMax),
                                  .is_number = arrow::is_integer(type) ||
                                               arrow::is_floating(type) || arrow::is_decimal(type),
                                  .cells = {}});
    }
    return arrow::Status::OK();
  }
  arrow::Status OnRecordBatchDecoded(std::shared_ptr<arrow::RecordBatch> batch) override {
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    auto added = table_->add(*batch);
    if (added) return arrow::Status::OK();
    return arrow::Status::Invalid(added.error().detail);
  }
  arrow::Status OnEOS() override {
    table_->is_complete_ = true;
    return arrow::Status::OK();
  }

 private:
  TextTable* table_;  // owns this
};

TextTable::TextTable()
    : listener_(std::make_shared<Listener>(this)),
      decoder_(std::make_unique<arrow::ipc::StreamDecoder>(listener_)) {}

TextTable::~TextTable() = default;

Result<void> TextTable::write(std::string_view bytes) {
  // A copy: the decoder keeps what is not a whole message yet, or refers to it.
  const auto status = decoder_->Consume(arrow::Buffer::FromString(std::string(bytes)));
  if (!status.ok()) return fail_reading(status);
  return {};
}

Result<void> TextTable::add(const arrow::RecordBatch& batch) {
  const int64_t held_max = static_cast<int64_t>(kRowsMax);
  const int64_t taken = std::clamp<int64_t>(held_max - rows_, 0, batch.num_rows());
  rows_ += batch.num_rows();
  if (taken == 0) return {};
  const auto first = batch.Slice(0, taken);
  BOWSHOT_ASSIGN(const CellWriters writers, make_cell_writers(*first, TextStyle::kCsv));
  for (size_t column = 0; column < writers.size(); ++column) {
    const auto& values = *first->column(static_cast<int>(column));
    for (int64_t row = 0; row < taken; ++row) {
      std::string text;
      writers[column]->append(row, text);
      columns_[column].cells.push_back(
          values.IsNull(row) ? "null" : cell_text(unquoted(text), kCellColumnsMax));
    }
  }
  return {};
}

/// The names are row 0.
std::string TextTable::draw_line(const std::vector<size_t>& widths, size_t row) const {
  std::string line;
  for (size_t i = 0; i < widths.size(); ++i) {
    const Column& column = columns_[i];
    const std::string text = cell_text(row == 0 ? column.name : column.cells[row - 1], widths[i]);
    if (i > 0) line += kBetween;
    line += padded(text, widths[i], column.is_number);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string TextTable::footer(size_t columns_drawn, const AnswerFacts& facts) const {
  const int64_t drawn = std::min(rows_, static_cast<int64_t>(kRowsMax));
  const int64_t total = std::max(rows_, facts.total_rows.value_or(facts.rows.value_or(rows_)));
  std::string line = drawn < total
                         ? fmt::format("{} of {} rows", with_commas(drawn), with_commas(total))
                         : fmt::format("{} row{}", with_commas(rows_), rows_ == 1 ? "" : "s");
  if (facts.population) line += fmt::format(", drawn from {}", with_commas(*facts.population));
  if (facts.completeness != Completeness::kExact)
    line += fmt::format(", {}", completeness_name(facts.completeness));
  if (columns_drawn < columns_.size())
    line += fmt::format("; {} of {} columns fit the width", columns_drawn, columns_.size());
  return line + '\n';
}

Result<std::string> TextTable::draw(size_t width, const AnswerFacts& facts) const {
  if (!is_complete_) return fail(ErrorCode::kBadData, "the answer ended before its end");
  std::vector<size_t> widths;
  size_t used = 0;
  for (const Column& column : columns_) {
    size_t wanted = screen_columns(column.name);
    for (const std::string& cell : column.cells) wanted = std::max(wanted, screen_columns(cell));
    const size_t before = widths.empty() ? 0 : kBetweenColumns;
    // The first column is there whatever its width.
    if (widths.empty()) wanted = std::min(wanted, std::max<size_t>(width, 1));
    if (used + before + wanted > width && !widths.empty()) break;
    used += before + wanted;
    widths.push_back(wanted);
  }
  std::string out = draw_line(widths, 0);
  for (size_t i = 0; i < widths.size(); ++i) {
    if (i > 0) out += "─┼─";
    for (size_t column = 0; column < widths[i]; ++column) out += "─";
  }
  out += '\n';
  const size_t rows = columns_.empty() ? 0 : columns_.front().cells.size();
  for (size_t row = 1; row <= rows; ++row) out += draw_line(widths, row);
  return out + footer(widths.size(), facts);
}

}  // namespace bowshot
