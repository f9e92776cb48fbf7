#pragma once

#include <arrow/csv/converter.h>
#include <arrow/csv/options.h>
#include <arrow/csv/parser.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "source/import/import_options.hpp"

namespace bowshot {

/// How texts become values. Immutable after its construction; safe from any thread. Converters
/// point into it, so it stays where it is.
class CsvConversion {
 public:
  explicit CsvConversion(const ImportOptions& options);
  CsvConversion(const CsvConversion&) = delete;
  CsvConversion& operator=(const CsvConversion&) = delete;

  /// Column `column` of the parsed rows as `type`: Arrow's error where a value is not of that type.
  arrow::Result<std::shared_ptr<arrow::Array>> convert(
      const arrow::csv::BlockParser& rows, int column,
      const std::shared_ptr<arrow::DataType>& type) const;
  /// The narrowest type that holds all values of the column: null, int64, bool, date32, time64[us],
  /// timestamp[us] or [ns] with zone UTC or none, decimal128(38, 0) for whole numbers beyond int64,
  /// float64, else utf8.
  std::shared_ptr<arrow::DataType> infer(const arrow::csv::BlockParser& rows, int column) const;
  /// Whether a value of the column stands in quotes.
  static bool has_quoted(const arrow::csv::BlockParser& rows, int column);

 private:
  arrow::csv::ConvertOptions value_options_;  // an empty value is null, quoted or not
  arrow::csv::ConvertOptions text_options_;   // a quoted empty text is a text
};

/// The narrowest type that holds what both hold. Associative, so that blocks may come in any order.
std::shared_ptr<arrow::DataType> join_csv_types(const std::shared_ptr<arrow::DataType>& a,
                                                const std::shared_ptr<arrow::DataType>& b);

}  // namespace bowshot
