#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/stop.hpp"
#include "query/plan.hpp"

namespace bowshot {

/// Record batches, pulled one at a time. One thread at a time; destroying it stops its query.
class BatchStream {
 public:
  virtual ~BatchStream() = default;
  /// The plan's schema, exactly, for every batch.
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// The next batch, of at least one row; null at the end. After an error or the end: the same.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> next() = 0;
  /// The reader is slow: lets go of what next() can read again at little cost. Between two next().
  virtual void rest() {}
};

struct EngineCapabilities {
  bool row_numbers = false;
  bool cancel = false;
  bool progress = false;
};

/// Runs plans. Safe from any thread; every run is independent of the others.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual EngineCapabilities capabilities() const = 0;
  /// Whether this engine can run the plan: shortcuts say no to what they are not made for.
  virtual bool accepts(const Plan& plan) const = 0;
  /// Begins the plan. Blocks in next() only; a stop ends it within 250 ms on scans, 1 s in sorts
  /// and hash steps, as the token's error. Errors: `overflow`, `out_of_memory`, `version_changed`,
  /// ...
  virtual Result<std::unique_ptr<BatchStream>> run(std::shared_ptr<const Plan> plan,
                                                   const StopToken& stop) = 0;

  /// Whether read_rows() takes the plan, of which only dataset, select and schema are looked at.
  virtual bool reads_rows(const Plan&) const { return false; }
  /// The plan's outputs of `rows`, by number, in that order, in bounded memory; only where
  /// reads_rows().
  virtual Result<std::unique_ptr<BatchStream>> read_rows(std::shared_ptr<const Plan> plan,
                                                         std::vector<int64_t> rows,
                                                         const StopToken& stop);

  /// How many rows the plan has before offset and limit, where that is known without work.
  virtual std::optional<int64_t> known_rows(const Plan& /*plan*/) const { return std::nullopt; }
};

}  // namespace bowshot
