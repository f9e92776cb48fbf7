#pragma once

#include <arrow/csv/options.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/import/import_options.hpp"

namespace bowshot {

/// How a CSV file is spelt.
struct CsvDialect {
  char delimiter = ',';
  char quote = '"';            // '\0': nothing is quoted
  std::optional<char> escape;  // without one a quote within quotes is doubled
  bool header = true;
  std::vector<std::string> names;  // of the columns, every one once

  int columns() const { return static_cast<int>(names.size()); }
  arrow::csv::ParseOptions parse_options() const;
};

/// The dialect of a file that begins with `sample` (its whole, where `is_whole`): what `options`
/// leave open is the delimiter among , ; tab | that gives the most rows of one length, and a header
/// where the first row does not look like the rows below. Names that are empty or repeated become
/// `column3`, `name_1`. `tab_separated`: the file's name says so.
Result<CsvDialect> detect_csv_dialect(std::string_view sample, bool is_whole, bool tab_separated,
                                      const ImportOptions& options);

struct CsvRow {
  std::vector<std::string> values;  // none: there is no row
  size_t bytes = 0;                 // that it takes, with its end and empty lines before it
};
/// The first row of `data`.
Result<CsvRow> first_csv_row(std::string_view data, bool is_whole, const CsvDialect& dialect);
/// A column's name for each value of a header, every one once.
std::vector<std::string> unique_names(const std::vector<std::string>& header);

}  // namespace bowshot
