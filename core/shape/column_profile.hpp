#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "shape/sub_plans.hpp"

namespace bowshot {

/// What `profile` says of one column. What does not apply to it, or is of no value, is not there.
struct ColumnProfile {
  struct Frequent {
    std::string value;
    int64_t count = 0;
  };
  int64_t rows = 0;
  int64_t nulls = 0;
  std::optional<int64_t> distinct;
  std::optional<std::string> min;
  std::optional<std::string> max;
  std::optional<double> mean;
  std::optional<double> stddev;
  std::optional<double> q25;
  std::optional<double> median;
  std::optional<double> q75;
  std::optional<std::vector<Frequent>> top;
  std::optional<std::vector<int64_t>> histogram;
};

/// Profiles columns in two scans for all of them, and one more for each whose values are not too
/// many to be told one by one (of filtered rows: nor so few that the second scan lists them). The
/// second scan depends on the first: rough counts of distinct values say which of them are counted,
/// the counts of rows which rows the quartiles are of.
///   - distinct: exact up to about 50,000, beyond that by the values whose hash is low (of
///     32,000 of them the standard error is 0.6 %).
///   - quartiles: of all rows up to 150,000, else of about 100,000 drawn by a hash of `_row` (the
///     standard error of a rank is 0.16 %).
Result<std::vector<ColumnProfile>> profile_columns(const SubPlans& sub_plans,
                                                   std::span<const NamedExpression> columns);

}  // namespace bowshot
