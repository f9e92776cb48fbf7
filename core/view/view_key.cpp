#include "view/view_key.hpp"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <map>
#include <variant>

#include "source/data_type.hpp"

namespace bowshot {
namespace {

/// Writes expressions so that no two different ones look alike: texts carry their length, literals
/// and calls their type. Computed columns are numbered in the order in which they are met, and
/// spelt once.
class KeyWriter {
 public:
  explicit KeyWriter(const Plan& plan) : plan_(&plan) {}

  void write(const Expression& expression) {
    if (const auto* call = std::get_if<Call>(&expression.node)) {
      out_ += fmt::format("{}:{}(", function_name(call->function), type_name(*expression.type));
      for (const ExpressionPtr& argument : call->arguments) {
        write(*argument);
        out_ += ',';
      }
      out_ += ')';
    } else if (const auto* literal = std::get_if<Literal>(&expression.node)) {
      write(*literal->value);
    } else {
      write(std::get<ColumnReference>(expression.node));
    }
  }
  void write_text(std::string_view text) { out_ += fmt::format("{}\"{}\"", text.size(), text); }
  void write_mark(char mark) { out_ += mark; }

  /// With the definitions of the computed columns that were met.
  std::string finish() {
    for (size_t next = 0; next < met_.size(); ++next) {  // may meet more
      out_ += fmt::format("\n${}=", next);
      write(*plan_->computed[static_cast<size_t>(met_[next])].expression);
    }
    return std::move(out_);
  }

 private:
  void write(const arrow::Scalar& value) {
    out_ += type_name(*value.type);
    if (!value.is_valid) {
      out_ += "null";
    } else if (arrow::is_base_binary_like(value.type->id())) {
      write_text(static_cast<const arrow::BaseBinaryScalar&>(value).view());
    } else {
      write_text(value.ToString());  // exact: floats as the shortest text that reads back
    }
  }

  void write(const ColumnReference& column) {
    if (column.kind == ColumnReference::Kind::kRowNumber) {
      out_ += 'r';
    } else if (column.kind == ColumnReference::Kind::kDataset) {
      out_ += fmt::format("#{}", column.index);
    } else {
      const auto [place, is_new] = numbers_.try_emplace(column.index, met_.size());
      if (is_new) met_.push_back(column.index);
      out_ += fmt::format("${}", place->second);
    }
  }

  const Plan* plan_;  // the caller's
  std::string out_;
  std::map<int, size_t> numbers_;  // of computed columns, by their index
  std::vector<int> met_;
};

char kind_mark(ViewKind kind) {
  switch (kind) {
    case ViewKind::kMatchCounts:
      return 'm';
    case ViewKind::kMatchedRows:
      return 'n';
    case ViewKind::kRowOrder:
      return 'o';
  }
  return '?';
}

}  // namespace

std::string view_key(const Plan& plan, ViewKind kind) {
  KeyWriter key(plan);
  key.write_mark(kind_mark(kind));
  key.write_text(plan.dataset->name());
  key.write_text(plan.dataset->version());
  key.write_mark('?');
  if (plan.filter) key.write(*plan.filter);
  for (const OrderItem& item : plan.order) {
    key.write_mark(item.descending ? '-' : '+');
    key.write(*item.expression);
  }
  return key.finish();
}

}  // namespace bowshot
