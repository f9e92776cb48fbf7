#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/stop.hpp"
#include "engine/engine.hpp"
#include "view/build_progress.hpp"
#include "view/view.hpp"

namespace bowshot {

/// What a build may hold, and how far it has come.
struct BuildContext {
  int64_t bytes_max = 0;
  std::atomic<int64_t>* rows_done = nullptr;  // of the view; for show
  BuildSteps* steps = nullptr;                // for show
  /// Asked for before anything large is made, with all that the build will hold of it, and again
  /// only with less. Waits for the room that other builds hold. Empty: nobody counts.
  /// `out_of_memory`: more than all there is.
  std::function<Result<void>(int64_t bytes)> take_room = {};
  StopToken stop;
};

/// Makes orders. One that keeps more rows than memory holds may take its place.
class OrderBuilder {
 public:
  virtual ~OrderBuilder() = default;
  /// How many rows it can put in order.
  virtual int64_t rows_max() const = 0;
  /// The numbers of the plan's filtered rows, `rows` in all, in its order, then ascending; blocks.
  /// Errors: those of the data, `out_of_memory` beyond a limit, which the detail names, and the
  /// token's.
  virtual Result<RowOrder> build(std::shared_ptr<const Plan> plan, int64_t rows,
                                 const BuildContext& context) = 0;
};

/// Lets an engine sort the keys and `_row`, within the engine's own memory.
class EngineOrderBuilder : public OrderBuilder {
 public:
  /// `engine` outlives this.
  explicit EngineOrderBuilder(Engine* engine) : engine_(engine) {}
  int64_t rows_max() const override;
  Result<RowOrder> build(std::shared_ptr<const Plan> plan, int64_t rows,
                         const BuildContext& context) override;

 private:
  Engine* engine_;
};

/// Makes views of every kind. Called from several threads at once.
class ViewBuilder {
 public:
  virtual ~ViewBuilder() = default;
  virtual Result<View> build(const ViewRequest& request, const BuildContext& context) = 0;
};

class EngineViewBuilder : public ViewBuilder {
 public:
  /// Both outlive this.
  EngineViewBuilder(Engine* engine, OrderBuilder* orders) : engine_(engine), orders_(orders) {}
  Result<View> build(const ViewRequest& request, const BuildContext& context) override;

 private:
  /// After a count, which tells whether the order may be kept and how much room it takes.
  Result<RowOrder> put_in_order(const ViewRequest& request, const BuildContext& context);
  Result<MatchedRows> find_matches(const Plan& plan, const BuildContext& context);
  /// One scan: matches counted by block.
  Result<MatchCounts> count_matches(const Plan& plan, const BuildContext& context);

  Engine* engine_;
  OrderBuilder* orders_;
};

}  // namespace bowshot
