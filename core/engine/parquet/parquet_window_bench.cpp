// Windows and scans of a file given as BOWSHOT_BENCH_PARQUET:
//   BOWSHOT_BENCH_PARQUET=flights.parquet parquet_window_bench

#include <arrow/record_batch.h>
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>

#include "engine/parquet/parquet_engine.hpp"
#include "engine/parquet/window_test_data.hpp"

namespace bowshot {
namespace {

std::shared_ptr<const Dataset> open_file(benchmark::State& state) {
  const char* path = std::getenv("BOWSHOT_BENCH_PARQUET");
  if (!path) {
    state.SkipWithError("set BOWSHOT_BENCH_PARQUET to a Parquet file");
    return nullptr;
  }
  auto dataset = Dataset::make("bench", std::vector<std::string>{path});
  if (!dataset) state.SkipWithError(dataset.error().detail.c_str());
  return dataset ? *dataset : nullptr;
}

/// Reads a window to its end; its rows.
int64_t drain(ParquetEngine& engine, const std::shared_ptr<const Plan>& plan) {
  const auto stream = engine.run(plan, StopToken());
  int64_t rows = 0;
  while (stream) {
    const auto batch = (*stream)->next();
    if (!batch || !*batch) break;
    rows += (*batch)->num_rows();
  }
  return rows;
}

void hundred_rows_anywhere(benchmark::State& state) {
  const auto dataset = open_file(state);
  if (!dataset) return;
  const auto engine = ParquetEngine::make();
  std::mt19937_64 random(1);
  for (auto _ : state) {
    const auto offset = static_cast<int64_t>(random() % static_cast<uint64_t>(dataset->rows()));
    benchmark::DoNotOptimize(drain(*engine, window_plan(dataset, offset, 100)));
  }
}
BENCHMARK(hundred_rows_anywhere)->Unit(benchmark::kMillisecond);

void first_batch_of_everything(benchmark::State& state) {
  const auto dataset = open_file(state);
  if (!dataset) return;
  const auto engine = ParquetEngine::make();
  for (auto _ : state) {
    const auto stream = engine->run(window_plan(dataset, 0, std::nullopt), StopToken());
    benchmark::DoNotOptimize((*stream)->next());
  }
}
BENCHMARK(first_batch_of_everything)->Unit(benchmark::kMillisecond);

void every_row(benchmark::State& state) {
  const auto dataset = open_file(state);
  if (!dataset) return;
  const auto engine = ParquetEngine::make();
  int64_t rows = 0;
  for (auto _ : state) rows += drain(*engine, window_plan(dataset, 0, std::nullopt));
  state.SetItemsProcessed(rows);
}
BENCHMARK(every_row)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace bowshot

BENCHMARK_MAIN();
