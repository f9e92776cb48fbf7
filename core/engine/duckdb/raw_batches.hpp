#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/duckdb/running_query.hpp"
#include "query/plan.hpp"

namespace bowshot {

/// An answer's rows before they have the answer's types: columns in order, in DuckDB's types or,
/// where they were read straight from Parquet, in their own. One thread at a time.
class RawBatches {
 public:
  virtual ~RawBatches() = default;
  /// At least one row; null at the end.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> next() = 0;
  /// As BatchStream::rest(). A statement goes on: what it has found ahead may have been a long
  /// scan.
  virtual void rest() {}
};

/// What every kind of RawBatches runs its statements with.
struct QueryContext {
  std::shared_ptr<const Plan> plan;  // shared: its dataset's files stay open
  std::shared_ptr<DuckDbDatabase> database;
  StopToken stop;
};

/// One statement, started when the first batch is asked for.
class StatementBatches : public RawBatches {
 public:
  StatementBatches(QueryContext context, std::string sql)
      : context_(std::move(context)), sql_(std::move(sql)) {}
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;

 private:
  QueryContext context_;
  std::string sql_;
  std::unique_ptr<RunningQuery> query_;
};

/// Every row of a statement that has few, as one batch; null where there is none.
Result<std::shared_ptr<arrow::RecordBatch>> collect(const QueryContext& context,
                                                    const std::string& sql);

/// The row numbers in column `column`, which DuckDB never makes null.
const int64_t* row_numbers(const arrow::RecordBatch& batch, int column);

/// `batches` as one. They are of one schema, and not none.
Result<std::shared_ptr<arrow::RecordBatch>> join_batches(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches);

/// A failed Arrow call on rows of ours: out of memory, else a mistake.
Error arrow_failure(const arrow::Status& status);

}  // namespace bowshot
