#include "engine/engine.hpp"

#include "base/check.hpp"

namespace bowshot {

// NOLINTBEGIN(performance-unnecessary-value-param): those that read rows keep what they get.
Result<std::unique_ptr<BatchStream>> Engine::read_rows(std::shared_ptr<const Plan>,
                                                       std::vector<int64_t>, const StopToken&) {
  BOWSHOT_CHECK(!"reads_rows() says who can");
  return nullptr;
}
// NOLINTEND(performance-unnecessary-value-param)

}  // namespace bowshot
