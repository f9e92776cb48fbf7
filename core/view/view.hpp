#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "query/plan.hpp"

namespace bowshot {

/// How many rows a filter keeps of each block of neighbouring rows: by it any window of the
/// filtered rows is found in the one or two blocks that hold it. Immutable.
class MatchCounts {
 public:
  /// `starts`: prefix sums; block b, dataset rows [b, b + 1) * block_rows, holds the matches
  /// [starts[b], starts[b + 1]).
  MatchCounts(int64_t block_rows, std::vector<int64_t> starts);

  int64_t rows() const { return starts_.back(); }
  int64_t bytes() const;

  /// Dataset rows [begin, end) that hold the window, and how many matches come before it there.
  struct Place {
    int64_t begin = 0;
    int64_t end = 0;
    int64_t offset = 0;
  };
  /// offset < rows(), limit > 0.
  Place find(int64_t offset, int64_t limit) const;

 private:
  int64_t block_rows_;
  std::vector<int64_t> starts_;
};

/// Row numbers by rank in an order: 4 bytes a row. Immutable.
class RowOrder {
 public:
  /// The greatest row number that it can hold.
  static constexpr int64_t kRowMax = UINT32_MAX;

  explicit RowOrder(std::vector<uint32_t> rows) : rows_(std::move(rows)) {}

  int64_t rows() const { return static_cast<int64_t>(rows_.size()); }
  int64_t bytes() const { return static_cast<int64_t>(rows_.capacity() * sizeof(uint32_t)); }
  /// The row numbers of ranks [offset, offset + limit), as far as there are any.
  std::vector<int64_t> slice(int64_t offset, int64_t limit) const;

 private:
  std::vector<uint32_t> rows_;
};

/// The row numbers that a filter keeps: a bit for each row of the dataset or, where matches are
/// few, 4 bytes for each of them. Immutable.
class MatchedRows {
 public:
  class Builder;

  int64_t rows() const { return rows_; }
  int64_t bytes() const;
  /// What those of a filter take.
  static int64_t bytes_of(int64_t dataset_rows, int64_t matches);
  /// Matches [offset, offset + limit), as far as there are any.
  std::vector<int64_t> slice(int64_t offset, int64_t limit) const;

 private:
  MatchedRows() = default;

  int64_t rows_ = 0;
  std::vector<uint64_t> bits_;     // row r: bit r % 64 of word r / 64
  std::vector<int64_t> ranks_;     // matches before each block of kBlockWords words
  std::vector<uint32_t> numbers_;  // instead of bits
};

class MatchedRows::Builder {
 public:
  explicit Builder(int64_t dataset_rows);
  /// What it holds besides what finish() gives, at most.
  static int64_t bytes_of(int64_t dataset_rows);
  void add(std::span<const int64_t> rows);
  MatchedRows finish();

 private:
  int64_t dataset_rows_;
  MatchedRows matched_;
};

/// What is kept of a version's rows for a filter or an order.
using View = std::variant<MatchCounts, MatchedRows, RowOrder>;
enum class ViewKind { kMatchCounts, kMatchedRows, kRowOrder };

int64_t view_rows(const View& view);
int64_t view_bytes(const View& view);

/// Which view, and the plan by which it is built: its dataset, computed columns, filter and order
/// alone. Two requests of one key have the same view.
struct ViewRequest {
  ViewKind kind = ViewKind::kMatchCounts;
  std::string key;
  std::shared_ptr<const Plan> plan;  // shared: keeps the version while the view is built
};

/// The match counts of the plan's filter.
ViewRequest match_counts_request(const Plan& plan);
/// The numbers of the rows that the plan's filter keeps.
ViewRequest matched_rows_request(const Plan& plan);
/// The order of the plan's filtered rows.
ViewRequest row_order_request(const Plan& plan);

}  // namespace bowshot
