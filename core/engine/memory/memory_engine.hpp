#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/engine.hpp"

namespace bowshot {

/// Windows of rows as they lie, and rows by number, of a dataset that is a table in memory. A
/// window's values are the table's own buffers. Safe from any thread; streams may outlive it.
class MemoryEngine : public Engine {
 public:
  EngineCapabilities capabilities() const override;
  bool accepts(const Plan& plan) const override;
  Result<std::unique_ptr<BatchStream>> run(std::shared_ptr<const Plan> plan,
                                           const StopToken& stop) override;
  bool reads_rows(const Plan& plan) const override;
  Result<std::unique_ptr<BatchStream>> read_rows(std::shared_ptr<const Plan> plan,
                                                 std::vector<int64_t> rows,
                                                 const StopToken& stop) override;
};

}  // namespace bowshot
