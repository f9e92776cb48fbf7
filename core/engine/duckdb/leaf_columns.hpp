#pragma once

#include <parquet/type_fwd.h>

#include <set>
#include <vector>

namespace bowshot {

/// The leaf columns below the top-level columns `columns`, ascending.
std::vector<int> leaf_columns(const parquet::SchemaDescriptor& schema,
                              const std::set<int>& columns);

}  // namespace bowshot
