#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "query/plan.hpp"

namespace bowshot {

class ColumnDictionary;

/// Brings an engine's rows to a plan's schema: types exactly, dictionary<utf8> columns as codes of
/// the dataset's whole dictionary, zeros under nulls.
class AnswerColumns {
 public:
  explicit AnswerColumns(std::shared_ptr<const Plan> plan);
  Result<std::shared_ptr<arrow::RecordBatch>> convert(
      const std::shared_ptr<arrow::RecordBatch>& batch);

 private:
  Result<std::shared_ptr<arrow::Array>> convert_column(const std::shared_ptr<arrow::Array>& array,
                                                       int output);

  std::shared_ptr<const Plan> plan_;                                   // shared with the stream
  std::vector<std::shared_ptr<const ColumnDictionary>> dictionaries_;  // filled at first use
};

}  // namespace bowshot
