#pragma once

#include <arrow/type_fwd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>

#include "source/dataset.hpp"

namespace bowshot {

/// What `bowshot inspect` tells of a Parquet file: `file rows bytes row_groups row_group_rows_max
/// row_group_bytes_max created_by page_index page_checksums columns slow`; `slow` are sentences:
/// what will be slow, and why.
Result<boost::json::object> inspect_parquet(const std::shared_ptr<const DataFile>& file);

/// `[{"name","type","nullable"}]`, in the protocol's types where there is one.
boost::json::array schema_json(const arrow::Schema& schema);

}  // namespace bowshot
