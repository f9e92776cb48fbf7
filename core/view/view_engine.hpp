#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/engine.hpp"
#include "view/coded_order_builder.hpp"
#include "view/view_builder.hpp"
#include "view/view_store.hpp"

namespace bowshot {

class DuckDbEngine;

/// Windows of sorted and filtered rows, and counts of filtered ones, by views: after the first
/// window of a filter or an order has been answered, any other one costs what plain rows cost.
/// Until a view is there, the start and the end of an order are found without it; other windows
/// wait. What no view can be kept for runs on the engine as it is. Safe from any thread; outlives
/// its streams. start() and stop() are those of the builds.
class ViewEngine : public Engine {
 public:
  /// `engine` runs what is built and what cannot be kept; it outlives this.
  ViewEngine(DuckDbEngine* engine, const ViewStore::Options& options);
  void start() { store_.start(); }
  void stop() { store_.stop(); }

  EngineCapabilities capabilities() const override;
  bool accepts(const Plan& plan) const override;
  Result<std::unique_ptr<BatchStream>> run(std::shared_ptr<const Plan> plan,
                                           const StopToken& stop) override;
  std::optional<int64_t> known_rows(const Plan& plan) const override;

  std::vector<ViewStatus> list(std::string_view dataset, std::string_view version) const {
    return store_.list(dataset, version);
  }
  ViewCounts counts() const { return store_.counts(); }

 private:
  DuckDbEngine* const engine_;
  EngineOrderBuilder sorted_orders_;
  CodedOrderBuilder orders_;
  EngineViewBuilder builder_;
  ViewStore store_;  // uses the builders: stops first
};

}  // namespace bowshot
