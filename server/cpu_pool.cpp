#include "cpu_pool.hpp"

#include <arrow/util/thread_pool.h>
#include <sys/resource.h>
#include <unistd.h>

#include <barrier>
#include <memory>

#include "base/check.hpp"

namespace bowshot {

void lower_cpu_pool_priority() {
  constexpr int kNice = 10;  // a tenth of the share of a thread at 0
  auto& pool = *arrow::internal::GetCpuThreadPool();
  const int threads = pool.GetCapacity();
  // So that each task has a thread of its own. Shared: who waits still looks at it when we go on.
  const auto all_started = std::make_shared<std::barrier<>>(threads + 1);
  for (int i = 0; i < threads; ++i) {
    const auto spawned = pool.Spawn([all_started] {
      setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
      all_started->arrive_and_wait();
    });
    BOWSHOT_CHECK(spawned.ok());
  }
  all_started->arrive_and_wait();
}

}  // namespace bowshot
