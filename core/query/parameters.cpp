#include <algorithm>
#include <array>

#include "query/request.hpp"

namespace bowshot {

namespace {

constexpr std::array kSelecting = {Shape::kRows, Shape::kSample};
constexpr std::array kSampleOnly = {Shape::kSample};
constexpr std::array kProfileOnly = {Shape::kProfile};
constexpr std::array kAggregateOnly = {Shape::kAggregate};
constexpr std::array kOrdered = {Shape::kRows, Shape::kAggregate};
constexpr std::array kValuesOnly = {Shape::kValues};
constexpr std::array kHistogramOnly = {Shape::kHistogram};
constexpr std::array kOneColumn = {Shape::kValues, Shape::kHistogram};

using Kind = ParameterInfo::Kind;

/// The order is that of the canonical form and of the documentation.
const std::array<ParameterInfo, 22> kParameterTable = {{
    {.name = "compute",
     .kind = Kind::kComputeList,
     .member = &Request::compute,
     .description = "Columns added before everything else: `alias:expression`, comma-separated. A "
                    "later one may use an earlier one; none may reuse a column's name.",
     .example = "speed:distance / air_time"},
    {.name = "filter",
     .kind = Kind::kFilter,
     .member = &Request::filter,
     .description = "An expression of OGC CQL2; a row stays where it is true.",
     .example = "delay > 60 AND origin IN ('JFK', 'LGA')"},
    {.name = "filter-lang",
     .kind = Kind::kFilterLanguage,
     .description =
         "The language of `filter`. In a JSON request a string is text and an object JSON.",
     .example = "cql2-text",
     .default_text = "cql2-text"},
    {.name = "select",
     .kind = Kind::kNameList,
     .member = &Request::select,
     .shapes = kSelecting,
     .description =
         "The columns of the answer, in that order; without it all of the dataset's, then "
         "the computed ones. `_row` is the row number.",
     .example = "date,delay,origin"},
    {.name = "by",
     .kind = Kind::kKeyList,
     .member = &Request::by,
     .shapes = kAggregateOnly,
     .description = "The keys to group by: `[alias:]column`, `[alias:]bin(column,width)` or "
                    "`[alias:]time_bin(column,'1 month')`. Without it the answer is one row.",
     .example = "origin,month:time_bin(date,'1 month')"},
    {.name = "measures",
     .kind = Kind::kMeasureList,
     .member = &Request::measures,
     .shapes = kAggregateOnly,
     .description =
         "What is computed of each group: `[alias:]function(arguments)`, of count, count_distinct, "
         "approx_count_distinct, sum, mean, min, max, stddev, variance, median, quantile, arg_min "
         "and arg_max.",
     .example = "flights:count(),mean(delay)",
     .default_text = "count()"},
    {.name = "order",
     .kind = Kind::kOrderList,
     .member = &Request::order,
     .shapes = kOrdered,
     .description =
         "The columns to order by, `-` before a descending one; nulls are last both ways. "
         "Ties, and no order at all: by row number, or by the keys of an aggregate.",
     .example = "-delay,origin"},
    {.name = "offset",
     .alias = "skip",
     .kind = Kind::kInteger,
     .member = &Request::offset,
     .shapes = kOrdered,
     .description = "How many rows to leave out at the start; past the end the answer has no rows.",
     .example = "1000000",
     .default_text = "0"},
    {.name = "limit",
     .kind = Kind::kInteger,
     .member = &Request::limit,
     .shapes = kOrdered,
     .description = "How many rows to answer at most; without it all, streamed.",
     .example = "100"},
    {.name = "columns",
     .kind = Kind::kNameList,
     .member = &Request::columns,
     .shapes = kProfileOnly,
     .description = "The columns to profile, in that order; without it all of the dataset's, then "
                    "the computed ones.",
     .example = "delay,origin"},
    {.name = "size",
     .kind = Kind::kInteger,
     .member = &Request::size,
     .shapes = kSampleOnly,
     .description = "How many rows to draw; all of them where there are fewer.",
     .example = "1000",
     .min = 0,
     .max = kSampleRowsMax,
     .required = true},
    {.name = "seed",
     .kind = Kind::kUnsigned,
     .member = &Request::seed,
     .shapes = kSampleOnly,
     .description = "Another seed draws another sample; with one seed a larger sample begins with "
                    "the smaller.",
     .example = "42",
     .default_text = "0"},
    {.name = "by",
     .kind = Kind::kColumn,
     .member = &Request::stratum,
     .shapes = kSampleOnly,
     .description = "A column whose groups, null too, have equal shares of the sample as far as "
                    "they last. The answer then has a column `_weight`.",
     .example = "origin"},
    {.name = "column",
     .kind = Kind::kColumn,
     .member = &Request::column,
     .shapes = kOneColumn,
     .description = "The column, or computed column, that is counted.",
     .example = "origin",
     .required = true},
    {.name = "prefix",
     .kind = Kind::kText,
     .member = &Request::prefix,
     .shapes = kValuesOnly,
     .description = "Only values that begin with this text, whatever its case.",
     .example = "new"},
    {.name = "limit",
     .kind = Kind::kInteger,
     .member = &Request::limit,
     .shapes = kValuesOnly,
     .description = "How many values to answer at most, the most frequent first.",
     .example = "20",
     .default_text = "100"},
    {.name = "bins",
     .kind = Kind::kInteger,
     .member = &Request::bins,
     .shapes = kHistogramOnly,
     .description = "The number of equal bins.",
     .example = "20",
     .default_text = "50",
     .min = 1,
     .max = kHistogramBinsMax},
    {.name = "min",
     .kind = Kind::kBound,
     .member = &Request::min,
     .shapes = kHistogramOnly,
     .description = "Where the first bin begins, a number or a time in ISO 8601; without it the "
                    "least finite value of the filtered rows.",
     .example = "0"},
    {.name = "max",
     .kind = Kind::kBound,
     .member = &Request::max,
     .shapes = kHistogramOnly,
     .description = "Where the last bin ends, as `min`; without it the greatest finite value.",
     .example = "120"},
    {.name = "format",
     .kind = Kind::kFormat,
     .member = &Request::format,
     .description = "The format of the answer; wins over `Accept`. Without both: arrow.",
     .example = "arrow"},
    {.name = "version",
     .kind = Kind::kVersion,
     .member = &Request::version,
     .description = "A pin: where the dataset's current version is another, the answer is 409."},
    {.name = "download",
     .kind = Kind::kFileName,
     .member = &Request::download,
     .description = "A file name; the answer is then sent as an attachment of that name.",
     .example = "flights.csv"},
}};

}  // namespace

std::span<const ParameterInfo> parameter_table() {
  return kParameterTable;
}

bool ParameterInfo::is_list() const {
  return kind == Kind::kComputeList || kind == Kind::kNameList || kind == Kind::kOrderList ||
         kind == Kind::kKeyList || kind == Kind::kMeasureList;
}

bool applies_to(const ParameterInfo& parameter, Shape shape) {
  return parameter.shapes.empty() ||
         std::ranges::find(parameter.shapes, shape) != parameter.shapes.end();
}

const ParameterInfo* find_parameter(std::string_view name, Shape shape) {
  for (const ParameterInfo& parameter : kParameterTable)
    if (applies_to(parameter, shape) &&
        (name == parameter.name || (!parameter.alias.empty() && name == parameter.alias)))
      return &parameter;
  return nullptr;
}

}  // namespace bowshot
