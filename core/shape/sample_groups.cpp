#include "shape/sample_groups.hpp"

#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <unordered_map>

#include "query/binder_operand.hpp"
#include "shape/arrow_result.hpp"
#include "shape/plain_text.hpp"
#include "shape/row_permutation.hpp"
#include "source/data_type.hpp"

namespace bowshot {

namespace {

/// The groups of the filtered rows, by the text of their key; null is one of them.
struct Groups {
  std::unordered_map<std::string, size_t> by_text;
  std::optional<size_t> of_null;
  std::vector<int64_t> rows;  // of each
};

/// The engine sees zoned nanoseconds as microseconds, Parquet itself does not: a cast is for the
/// engine alone, so that groups and rows have the same keys.
ExpressionPtr as_microseconds(const ExpressionPtr& stratum) {
  const auto& type = static_cast<const arrow::TimestampType&>(*stratum->type);
  if (type.unit() != arrow::TimeUnit::NANO || type.timezone().empty()) return stratum;
  return make_cast(stratum, arrow::timestamp(arrow::TimeUnit::MICRO, type.timezone()));
}

/// The stratum in a type that batches of it can be coded in.
ExpressionPtr key_of(const SamplePart& part) {
  if (is_text(*part.stratum->type)) return make_cast(part.stratum, arrow::utf8());
  if (part.stratum->type->id() == arrow::Type::HALF_FLOAT)
    return make_cast(part.stratum, arrow::float32());
  if (part.stratum->type->id() == arrow::Type::TIMESTAMP) return as_microseconds(part.stratum);
  return part.stratum;
}

Result<Groups> find_groups(const SubPlans& sub_plans, const SamplePart& part) {
  Plan plan = sub_plans.make(Plan::Kind::kAggregate);
  add_key(plan, key_of(part));
  add_measure(plan, {.name = "",
                     .function = MeasureFunction::kCountRows,
                     .arguments = {},
                     .type = arrow::int64()});
  plan.limit = part.size + 1;
  BOWSHOT_ASSIGN(const auto batch, sub_plans.collect(std::move(plan)));
  Groups groups;
  if (!batch) return groups;
  if (batch->num_rows() > part.size)
    return fail({.code = ErrorCode::kBadParameter,
                 .detail = fmt::format("a sample by groups needs a row for each, and there are "
                                       "more than {} groups",
                                       part.size),
                 .parameter = "size"});
  BOWSHOT_ASSIGN(const auto text, make_plain_text(*batch->column(0)));
  const auto& counts = static_cast<const arrow::Int64Array&>(*batch->column(1));
  for (int64_t i = 0; i < batch->num_rows(); ++i) {
    const auto group = static_cast<size_t>(i);
    if (batch->column(0)->IsNull(i))
      groups.of_null = group;
    else
      groups.by_text.emplace(text(i), group);
    groups.rows.push_back(counts.Value(i));
  }
  return groups;
}

/// Puts the rows of one batch, keys and row numbers, to their groups.
Result<void> add_batch(const arrow::RecordBatch& batch, const Groups& groups,
                       const RowPermutation& permutation, std::vector<LeastKeys>& least) {
  BOWSHOT_ASSIGN(const arrow::Datum coded,
                 from_arrow_call(arrow::compute::DictionaryEncode(batch.column(0))));
  const auto array = coded.make_array();
  const auto& keys = static_cast<const arrow::DictionaryArray&>(*array);
  BOWSHOT_ASSIGN(const auto text, make_plain_text(*keys.dictionary()));
  std::vector<size_t> group_of;
  for (int64_t i = 0; i < keys.dictionary()->length(); ++i) {
    const auto found = groups.by_text.find(text(i));
    if (found == groups.by_text.end())
      return fail(ErrorCode::kInternal, "a group appeared that was not there before");
    group_of.push_back(found->second);
  }
  const auto& rows = static_cast<const arrow::Int64Array&>(*batch.column(1));
  for (int64_t i = 0; i < batch.num_rows(); ++i) {
    const size_t group =
        keys.IsNull(i) ? *groups.of_null : group_of[static_cast<size_t>(keys.GetValueIndex(i))];
    least[group].add({permutation(static_cast<uint64_t>(rows.Value(i))), rows.Value(i)});
  }
  return {};
}

/// Every group's rows in one order, with their weights.
SampledRows join_groups(const Groups& groups, std::vector<LeastKeys> least) {
  struct Weighted {
    KeyedRow row;
    double weight;
  };
  std::vector<Weighted> all;
  for (size_t group = 0; group < least.size(); ++group) {
    const std::vector<KeyedRow> rows = std::move(least[group]).take();
    const double weight =
        static_cast<double>(groups.rows[group]) / static_cast<double>(rows.size());
    for (const KeyedRow& row : rows) all.push_back({row, weight});
  }
  std::ranges::sort(all, {}, [](const Weighted& item) { return item.row.key; });
  SampledRows chosen{.population = std::reduce(groups.rows.begin(), groups.rows.end(), int64_t{0})};
  for (const Weighted& item : all) {
    chosen.rows.push_back(item.row);
    chosen.weights.push_back(item.weight);
  }
  return chosen;
}

}  // namespace

std::vector<int64_t> equal_shares(const std::vector<int64_t>& groups, int64_t size) {
  std::vector<size_t> by_rows(groups.size());
  std::iota(by_rows.begin(), by_rows.end(), 0);
  std::ranges::stable_sort(by_rows, {}, [&](size_t group) { return groups[group]; });
  std::vector<int64_t> shares(groups.size(), 0);
  int64_t left = std::min(size, std::reduce(groups.begin(), groups.end(), int64_t{0}));
  size_t first = 0;  // of the groups, smallest first, that have rows left
  int64_t level = 0;
  while (first < by_rows.size()) {  // all of the rest take what the smallest of them has
    const auto open = static_cast<int64_t>(by_rows.size() - first);
    const int64_t step = std::min(groups[by_rows[first]] - level, left / open);
    level += step;
    left -= step * open;
    for (; first < by_rows.size() && groups[by_rows[first]] == level; ++first)
      shares[by_rows[first]] = level;
    if (step == 0 || left < static_cast<int64_t>(by_rows.size() - first)) break;
  }
  std::vector<size_t> open(by_rows.begin() + static_cast<int64_t>(first), by_rows.end());
  std::ranges::sort(open);
  for (const size_t group : open) shares[group] = level + (left-- > 0 ? 1 : 0);
  return shares;
}

Result<SampledRows> choose_by_group(const SubPlans& sub_plans, const SamplePart& part) {
  BOWSHOT_ASSIGN(const Groups groups, find_groups(sub_plans, part));
  std::vector<LeastKeys> least;
  for (const int64_t share : equal_shares(groups.rows, part.size)) least.emplace_back(share);
  Plan plan = sub_plans.make(Plan::Kind::kRows);
  add_select(plan, key_of(part));
  add_select(plan, row_number_expression());
  BOWSHOT_ASSIGN(const auto stream, sub_plans.start(std::move(plan)));
  const RowPermutation permutation(part.seed);
  for (;;) {
    BOWSHOT_ASSIGN(const auto batch, stream->next());
    if (!batch) break;
    BOWSHOT_TRY(add_batch(*batch, groups, permutation, least));
  }
  return join_groups(groups, std::move(least));
}

}  // namespace bowshot
