#include "engine/duckdb/leaf_columns.hpp"

#include <parquet/schema.h>

namespace bowshot {

std::vector<int> leaf_columns(const parquet::SchemaDescriptor& schema,
                              const std::set<int>& columns) {
  std::vector<int> leaves;
  int column = -1;
  const parquet::schema::Node* root = nullptr;
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    const parquet::schema::Node* leaf_root = schema.GetColumnRoot(leaf);
    if (leaf_root != root) ++column;  // the leaves of a column stand together
    root = leaf_root;
    if (columns.contains(column)) leaves.push_back(leaf);
  }
  return leaves;
}

}  // namespace bowshot
