#include "engine/statement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <variant>

#include "base/check.hpp"

namespace bowshot {
namespace {

/// Engines push a filter down through computed columns by copying their expressions into it:
/// `b: a + a, c: b + b, ...` doubles at each step. What would grow beyond this many nodes is kept
/// apart (Dialect::opaque).
constexpr int64_t kCopiedNodesMax = 2'000;

/// Collects what expressions need, through the computed columns that they name.
class Needs {
 public:
  explicit Needs(const Plan& plan) : plan_(&plan), computed_(plan.computed.size(), false) {}

  /// What is put out as it is stored needs no value.
  void add_output(const Expression& expression) {
    const auto* column = std::get_if<ColumnReference>(&expression.node);
    if (column && column->kind == ColumnReference::Kind::kDataset)
      stored_.insert(column->index);
    else
      add(expression);
  }

  void add(const Expression& expression) {
    if (const auto* call = std::get_if<Call>(&expression.node)) {
      for (const ExpressionPtr& argument : call->arguments) add(*argument);
    } else if (const auto* column = std::get_if<ColumnReference>(&expression.node)) {
      add(*column);
    }
  }

  void add_stored(const std::vector<int>& columns) {
    stored_.insert(columns.begin(), columns.end());
  }
  void add_row_number() { row_number_ = true; }

  bool is_computed_needed(size_t index) const { return computed_[index]; }

  void fill(Scan& scan) const {
    scan.stored_columns.assign(stored_.begin(), stored_.end());
    scan.value_columns.assign(values_.begin(), values_.end());
    scan.row_number = row_number_;
  }

 private:
  void add(const ColumnReference& column) {
    switch (column.kind) {
      case ColumnReference::Kind::kDataset:
        values_.insert(column.index);
        return;
      case ColumnReference::Kind::kRowNumber:
        row_number_ = true;
        return;
      case ColumnReference::Kind::kComputed:
        break;
    }
    const auto index = static_cast<size_t>(column.index);
    if (computed_[index]) return;
    computed_[index] = true;
    add(*plan_->computed[index].expression);
  }

  const Plan* plan_;  // the caller's, for the length of one statement
  std::set<int> stored_;
  std::set<int> values_;
  std::vector<bool> computed_;
  bool row_number_ = false;
};

/// Calls `visit` with the index of every computed column that `expression` names itself; returns
/// its number of nodes.
template <class Visit>
int64_t walk_computed(const Expression& expression, const Visit& visit) {
  int64_t nodes = 1;
  if (const auto* call = std::get_if<Call>(&expression.node)) {
    for (const ExpressionPtr& argument : call->arguments) nodes += walk_computed(*argument, visit);
  } else if (const auto* column = std::get_if<ColumnReference>(&expression.node)) {
    if (column->kind == ColumnReference::Kind::kComputed) visit(static_cast<size_t>(column->index));
  }
  return nodes;
}

/// The needed computed columns in levels: a level names columns of the levels before it only.
std::vector<std::vector<size_t>> computed_levels(const Plan& plan, const Needs& needs) {
  std::vector<size_t> level_of(plan.computed.size(), 0);
  std::vector<std::vector<size_t>> levels;
  for (size_t i = 0; i < plan.computed.size(); ++i) {
    if (!needs.is_computed_needed(i)) continue;
    walk_computed(*plan.computed[i].expression,
                  [&](size_t used) { level_of[i] = std::max(level_of[i], level_of[used] + 1); });
    levels.resize(std::max(levels.size(), level_of[i] + 1));
    levels[level_of[i]].push_back(i);
  }
  return levels;
}

/// `select` with the needed computed columns, one nested SELECT a level.
Result<std::string> with_computed(const Plan& plan, const Dialect& dialect, const Needs& needs,
                                  std::string select) {
  std::vector<int64_t> copied_nodes(plan.computed.size(), 0);
  for (const auto& level : computed_levels(plan, needs)) {
    std::string columns;
    int64_t copied_max = 0;
    for (const size_t index : level) {
      const Expression& expression = *plan.computed[index].expression;
      BOWSHOT_ASSIGN(const std::string text, dialect.expression(expression));
      columns += fmt::format(", {} AS k{}", text, index);
      int64_t copied = 0;
      copied += walk_computed(expression, [&](size_t used) { copied += copied_nodes[used]; });
      copied_nodes[index] = copied;
      copied_max = std::max(copied_max, copied);
    }
    select = fmt::format("SELECT *{} FROM ({})", columns, select);
    if (copied_max <= kCopiedNodesMax) continue;
    select = dialect.opaque(std::move(select));
    std::ranges::fill(copied_nodes, 0);
  }
  return select;
}

/// FROM and WHERE of every statement.
Result<std::string> from_where(const Plan& plan, const Dialect& dialect, bool filtered, Scan scan,
                               Needs& needs) {
  std::string where;
  if (filtered && plan.filter) {
    BOWSHOT_ASSIGN(FilterText filter, dialect.filter(*plan.filter));
    needs.add(*plan.filter);
    needs.add_stored(filter.stored_columns);
    where = " WHERE " + filter.text;
  }
  needs.fill(scan);
  BOWSHOT_ASSIGN(std::string source, dialect.source(scan));
  BOWSHOT_ASSIGN(source, with_computed(plan, dialect, needs, std::move(source)));
  return fmt::format(" FROM ({}){}", source, where);
}

std::string slice(std::optional<int64_t> limit, int64_t offset) {
  std::string text;
  if (limit) text += fmt::format(" LIMIT {}", *limit);
  if (offset > 0) text += fmt::format(" OFFSET {}", offset);
  return text;
}

Result<std::string> output_text(const Dialect& dialect, const Expression& expression) {
  const auto* column = std::get_if<ColumnReference>(&expression.node);
  if (column && column->kind == ColumnReference::Kind::kDataset)
    return fmt::format("c{}", column->index);
  return dialect.expression(expression);
}

bool is_row_number(const Expression& expression) {
  const auto* column = std::get_if<ColumnReference>(&expression.node);
  return column && column->kind == ColumnReference::Kind::kRowNumber;
}

Result<std::string> rows_order(const Plan& plan, const Dialect& dialect) {
  std::string text = " ORDER BY ";
  for (const OrderItem& item : plan.order) {
    BOWSHOT_ASSIGN(const std::string key, dialect.expression(*item.expression));
    text += dialect.order(key, item.descending);
    if (is_row_number(*item.expression)) return text;  // no ties after it
    text += ", ";
  }
  return text + dialect.order("r", false);
}

/// Ties are in the order of the keys, which are unique together.
std::string aggregate_order(const Plan& plan, const Dialect& dialect) {
  const size_t keys = plan.keys.size();
  std::vector<bool> named(keys + plan.measures.size(), false);
  std::string text;
  const auto add = [&](size_t output, bool descending) {
    if (named[output]) return;
    named[output] = true;
    text += text.empty() ? " ORDER BY " : ", ";
    text += dialect.order(fmt::format("o{}", output), descending);
  };
  for (const OrderItem& item : plan.order) add(static_cast<size_t>(item.output), item.descending);
  for (size_t key = 0; key < keys; ++key) add(key, false);
  return text;
}

}  // namespace

const ColumnReference* stored_argument(const Measure& measure) {
  const bool is_indifferent = measure.function == MeasureFunction::kCount ||
                              measure.function == MeasureFunction::kSum ||
                              measure.function == MeasureFunction::kMean;
  if (!is_indifferent) return nullptr;
  const auto* column = std::get_if<ColumnReference>(&measure.arguments[0]->node);
  return column && column->kind == ColumnReference::Kind::kDataset ? column : nullptr;
}

Result<std::string> rows_statement(const Plan& plan, const Dialect& dialect, RowsQuery query) {
  BOWSHOT_CHECK(!query.outputs.empty() || query.row_number);
  Needs needs(plan);
  std::string columns;
  const auto add_column = [&](const std::string& text) {
    columns += (columns.empty() ? "" : ", ") + text;
  };
  for (const ExpressionPtr& output : query.outputs) {
    needs.add_output(*output);
    BOWSHOT_ASSIGN(const std::string text, output_text(dialect, *output));
    add_column(text);
  }
  if (query.row_number) {
    needs.add_row_number();
    add_column("r");
  }
  std::string order;
  if (query.ordered) {
    for (const OrderItem& item : plan.order) needs.add(*item.expression);
    needs.add_row_number();
    BOWSHOT_ASSIGN(order, rows_order(plan, dialect));
  }
  BOWSHOT_ASSIGN(const std::string from,
                 from_where(plan, dialect, query.filtered, std::move(query.scan), needs));
  return fmt::format("SELECT {}{}{}{}", columns, from, order, slice(query.limit, query.offset));
}

Result<std::string> aggregate_statement(const Plan& plan, const Dialect& dialect) {
  Needs needs(plan);
  std::string columns;
  std::string groups;
  size_t output = 0;
  for (const NamedExpression& key : plan.keys) {
    needs.add(*key.expression);
    BOWSHOT_ASSIGN(const std::string text, dialect.expression(*key.expression));
    columns += fmt::format("{}{} AS o{}", output == 0 ? "" : ", ", text, output);
    groups += fmt::format("{}{}", groups.empty() ? " GROUP BY " : ", ", ++output);
  }
  for (const Measure& measure : plan.measures) {
    if (const ColumnReference* const column = stored_argument(measure))
      needs.add_stored({column->index});
    else
      for (const ExpressionPtr& argument : measure.arguments) needs.add(*argument);
    const bool picks_row = measure.function == MeasureFunction::kArgMin ||
                           measure.function == MeasureFunction::kArgMax;
    if (picks_row) needs.add_row_number();
    BOWSHOT_ASSIGN(const std::string text, dialect.measure(measure));
    columns += fmt::format("{}{} AS o{}", output == 0 ? "" : ", ", text, output);
    ++output;
  }
  const Scan scan{.dataset = plan.dataset.get(), .begin = 0, .end = plan.dataset->rows()};
  BOWSHOT_ASSIGN(const std::string from, from_where(plan, dialect, true, scan, needs));
  // Ordering names outputs, which needs a SELECT around them: beside GROUP BY a name could be taken
  // for a column.
  return fmt::format("SELECT * FROM (SELECT {}{}{}){}{}", columns, from, groups,
                     aggregate_order(plan, dialect), slice(plan.limit, plan.offset));
}

}  // namespace bowshot
