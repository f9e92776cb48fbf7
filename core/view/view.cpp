#include "view/view.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "view/view_key.hpp"

namespace bowshot {

MatchCounts::MatchCounts(int64_t block_rows, std::vector<int64_t> starts)
    : block_rows_(block_rows), starts_(std::move(starts)) {
  BOWSHOT_CHECK(!starts_.empty() && starts_.front() == 0);
}

int64_t MatchCounts::bytes() const {
  return static_cast<int64_t>(starts_.capacity() * sizeof(int64_t));
}

MatchCounts::Place MatchCounts::find(int64_t offset, int64_t limit) const {
  BOWSHOT_CHECK(offset >= 0 && offset < rows() && limit > 0);
  const int64_t last = offset + std::min(limit, rows() - offset) - 1;
  const auto block_of = [&](int64_t rank) {
    return std::ranges::upper_bound(starts_, rank) - starts_.begin() - 1;
  };
  const int64_t first_block = block_of(offset);
  return {.begin = first_block * block_rows_,
          .end = (block_of(last) + 1) * block_rows_,
          .offset = offset - starts_[static_cast<size_t>(first_block)]};
}

std::vector<int64_t> RowOrder::slice(int64_t offset, int64_t limit) const {
  const int64_t begin = std::clamp<int64_t>(offset, 0, rows());
  const int64_t count = std::min(limit, rows() - begin);
  const auto first = rows_.begin() + begin;
  return {first, first + count};
}

int64_t view_rows(const View& view) {
  return std::visit([](const auto& kept) { return kept.rows(); }, view);
}

int64_t view_bytes(const View& view) {
  return std::visit([](const auto& kept) { return kept.bytes(); }, view);
}

namespace {

bool is_row_number(const Expression& expression) {
  const auto* column = std::get_if<ColumnReference>(&expression.node);
  return column && column->kind == ColumnReference::Kind::kRowNumber;
}

/// Nothing comes after `_row`, by which no two rows are equal; and it comes last by itself.
std::vector<OrderItem> deciding_items(const std::vector<OrderItem>& order) {
  std::vector<OrderItem> items;
  for (const OrderItem& item : order) {
    const bool is_last = is_row_number(*item.expression);
    if (is_last && !item.descending) break;
    items.push_back(item);
    if (is_last) break;
  }
  return items;
}

ViewRequest make_request(const Plan& plan, ViewKind kind) {
  auto part = std::make_shared<Plan>();
  part->dataset = plan.dataset;
  part->computed = plan.computed;
  part->filter = plan.filter;
  if (kind == ViewKind::kRowOrder) part->order = deciding_items(plan.order);
  std::string key = view_key(*part, kind);
  return {.kind = kind, .key = std::move(key), .plan = std::move(part)};
}

}  // namespace

ViewRequest match_counts_request(const Plan& plan) {
  return make_request(plan, ViewKind::kMatchCounts);
}

ViewRequest row_order_request(const Plan& plan) {
  return make_request(plan, ViewKind::kRowOrder);
}

}  // namespace bowshot
