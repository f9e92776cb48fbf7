#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/engine.hpp"
#include "engine/parquet/batch_size.hpp"
#include "engine/parquet/group_run.hpp"
#include "engine/parquet/output_columns.hpp"
#include "engine/parquet/page_map.hpp"
#include "engine/parquet/read_turns.hpp"

namespace bowshot {

/// The rows [offset, offset + limit) of a dataset, in order. Holds about one batch, and a page of
/// each column that it reads. One thread at a time.
class WindowStream : public BatchStream {
 public:
  static Result<std::unique_ptr<BatchStream>> make(std::shared_ptr<const Plan> plan,
                                                   std::shared_ptr<PageMapCache> page_maps,
                                                   std::shared_ptr<ReadTurns> turns,
                                                   const StopToken& stop);

  const std::shared_ptr<arrow::Schema>& schema() const override { return plan_->schema; }
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;
  /// Lets go of the columns' pages and dictionaries, which the next batch opens again where it is.
  void rest() override {
    batch_size_.rest();
    if (run_ && run_->is_reopened_cheaply()) run_.reset();
  }

 private:
  WindowStream() = default;
  Result<std::shared_ptr<arrow::RecordBatch>> read_batch();
  /// Opens the row groups that hold `next_row_`.
  Result<void> begin_run();
  /// `rows` rows of every column that is read, finished, in the order of the finishers.
  Result<arrow::ArrayVector> read_columns(int64_t rows);
  Result<std::shared_ptr<arrow::Array>> read_column(size_t slot, int64_t rows);
  /// What a failed read is to the client: a file that changed underneath explains it.
  Error explain(Error error) const;
  Result<void> check_files_unchanged() const;

  std::shared_ptr<const Plan> plan_;  // shared: keeps the dataset's version
  std::shared_ptr<PageMapCache> page_maps_;
  std::shared_ptr<ReadTurns> turns_;  // null for a window of one batch: a screen may wait for it
  StopToken stop_;
  OutputColumns outputs_;
  int64_t next_row_ = 0;
  int64_t end_row_ = 0;
  size_t file_ = 0;  // of the run
  std::optional<size_t> first_file_;
  bool is_first_run_ = true;  // of one batch, so that it need not decode whole pages
  std::unique_ptr<GroupRun> run_;
  int64_t run_end_row_ = 0;  // in the dataset's numbers
  BatchSize batch_size_;
  std::optional<Error> error_;  // given again by every later next()
};

}  // namespace bowshot
