#pragma once

#include <memory>

#include "engine/engine.hpp"

namespace bowshot {

class PageMapCache;

/// Reads windows of rows straight from Parquet: plans without filter, computation or order (but
/// ascending `_row`). The rows of a window are found by the footers' prefix sums and the page
/// indexes, so that a few rows anywhere cost a few pages, and a long scan streams page by page.
/// Safe from any thread; streams may outlive it.
///   auto engine = ParquetEngine::make(); if (engine->accepts(*plan)) engine->run(plan, stop);
class ParquetEngine : public Engine {
 public:
  static std::unique_ptr<ParquetEngine> make();
  ~ParquetEngine() override;

  EngineCapabilities capabilities() const override;
  bool accepts(const Plan& plan) const override;
  Result<std::unique_ptr<BatchStream>> run(std::shared_ptr<const Plan> plan,
                                           const StopToken& stop) override;

 private:
  ParquetEngine();
  std::shared_ptr<PageMapCache> page_maps_;  // shared with the streams, which may outlive this
};

}  // namespace bowshot
