#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "source/file_list.hpp"

namespace bowshot {

/// A column that stands in folders' names: `year` of `year=2026/month=01/x.parquet`.
struct HiveKey {
  std::string name;
  std::shared_ptr<arrow::DataType> type;  // int64, date32 or utf8: what every value fits
  std::vector<std::shared_ptr<arrow::Scalar>> values;  // one a file; null: of the default partition
};

/// The keys of the files' folders, in the order of the path; none where no folder is named so.
/// Values are percent-decoded; `__HIVE_DEFAULT_PARTITION__` is null; int64 where every value is a
/// canonical integer (`1`, not `01`), date32 where every one is an ISO date. `bad_data` where files
/// have different keys.
Result<std::vector<HiveKey>> hive_keys(const FileList& files);

}  // namespace bowshot
