#include "view/view.hpp"

#include <algorithm>
#include <bit>

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

namespace {

/// A window's first match is found by a search over blocks of so many words, then within one.
constexpr int64_t kBlockWords = 64;
constexpr int64_t kWordBits = 64;

int64_t words_of(int64_t rows) {
  return (rows + kWordBits - 1) / kWordBits;
}

}  // namespace

MatchedRows::Builder::Builder(int64_t dataset_rows) : dataset_rows_(dataset_rows) {
  matched_.bits_.resize(static_cast<size_t>(words_of(dataset_rows)));
}

int64_t MatchedRows::Builder::bytes_of(int64_t dataset_rows) {
  const int64_t words = words_of(dataset_rows);
  return (words + words / kBlockWords + 2) * static_cast<int64_t>(sizeof(uint64_t));
}

void MatchedRows::Builder::add(std::span<const int64_t> rows) {
  for (const int64_t row : rows) {
    BOWSHOT_DCHECK(row >= 0 && row < dataset_rows_);
    matched_.bits_[static_cast<size_t>(row / kWordBits)] |= uint64_t{1} << (row % kWordBits);
  }
}

MatchedRows MatchedRows::Builder::finish() {
  MatchedRows matched = std::move(matched_);
  for (size_t word = 0; word < matched.bits_.size(); ++word) {
    if (word % kBlockWords == 0) matched.ranks_.push_back(matched.rows_);
    matched.rows_ += std::popcount(matched.bits_[word]);
  }
  matched.ranks_.push_back(matched.rows_);
  const int64_t numbers_bytes = matched.rows_ * static_cast<int64_t>(sizeof(uint32_t));
  if (dataset_rows_ - 1 > RowOrder::kRowMax || numbers_bytes >= matched.bytes()) return matched;
  MatchedRows few;
  const std::vector<int64_t> rows = matched.slice(0, matched.rows_);
  few.numbers_.assign(rows.begin(), rows.end());
  few.rows_ = matched.rows_;
  return few;
}

int64_t MatchedRows::bytes() const {
  return static_cast<int64_t>(bits_.size() * sizeof(uint64_t) + ranks_.size() * sizeof(int64_t) +
                              numbers_.capacity() * sizeof(uint32_t));
}

int64_t MatchedRows::bytes_of(int64_t dataset_rows, int64_t matches) {
  const int64_t bits_bytes = Builder::bytes_of(dataset_rows);
  if (dataset_rows - 1 > RowOrder::kRowMax) return bits_bytes;
  return std::min(bits_bytes, matches * static_cast<int64_t>(sizeof(uint32_t)));
}

std::vector<int64_t> MatchedRows::slice(int64_t offset, int64_t limit) const {
  const int64_t begin = std::clamp<int64_t>(offset, 0, rows_);
  const auto count = static_cast<size_t>(std::min(limit, rows_ - begin));
  if (bits_.empty()) {
    const auto first = numbers_.begin() + begin;
    return {first, first + static_cast<int64_t>(count)};
  }
  std::vector<int64_t> rows;
  rows.reserve(count);
  if (count == 0) return rows;
  const int64_t block = std::ranges::upper_bound(ranks_, begin) - ranks_.begin() - 1;
  int64_t skipped = begin - ranks_[static_cast<size_t>(block)];
  for (int64_t word = block * kBlockWords; rows.size() < count; ++word) {
    uint64_t bits = bits_[static_cast<size_t>(word)];
    const int64_t matches = std::popcount(bits);
    if (skipped >= matches) {
      skipped -= matches;
      continue;
    }
    for (; skipped > 0; --skipped) bits &= bits - 1;  // takes the lowest off
    for (; bits != 0 && rows.size() < count; bits &= bits - 1)
      rows.push_back(word * kWordBits + std::countr_zero(bits));
  }
  return rows;
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

ViewRequest matched_rows_request(const Plan& plan) {
  return make_request(plan, ViewKind::kMatchedRows);
}

ViewRequest row_order_request(const Plan& plan) {
  return make_request(plan, ViewKind::kRowOrder);
}

}  // namespace bowshot
