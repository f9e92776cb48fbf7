#include "engine/duckdb/distinct_function.hpp"

#include <exception>
#include <memory>
#include <span>

#include "engine/duckdb/distinct_sketch.hpp"

namespace bowshot::duckdb_sql {
namespace {

/// What DuckDB keeps for a group: nothing until its first value.
struct State {
  DistinctSketch* sketch;
};

State& state_of(duckdb_aggregate_state state) {
  return *reinterpret_cast<State*>(state);
}

DistinctSketch& sketch_of(duckdb_aggregate_state state) {
  DistinctSketch*& sketch = state_of(state).sketch;
  if (!sketch) sketch = std::make_unique<DistinctSketch>().release();  // freed by destroy_states
  return *sketch;
}

idx_t state_size(duckdb_function_info) {
  return sizeof(State);
}

void init_state(duckdb_function_info, duckdb_aggregate_state state) {
  state_of(state).sketch = nullptr;
}

void destroy_states(duckdb_aggregate_state* states, idx_t count) {
  for (const duckdb_aggregate_state state : std::span(states, count))
    std::unique_ptr<DistinctSketch>(state_of(state).sketch).reset();
}

void add_rows(duckdb_function_info info, duckdb_data_chunk input,
              duckdb_aggregate_state* states) try {
  const duckdb_vector column = duckdb_data_chunk_get_vector(input, 0);
  const auto* hashes = static_cast<const uint64_t*>(duckdb_vector_get_data(column));
  uint64_t* validity = duckdb_vector_get_validity(column);
  const idx_t rows = duckdb_data_chunk_get_size(input);
  for (idx_t row = 0; row < rows; ++row)
    if (!validity || duckdb_validity_row_is_valid(validity, row))
      sketch_of(states[row]).add(hashes[row]);
} catch (const std::exception& error) {
  duckdb_aggregate_function_set_error(info, error.what());
}

void merge_states(duckdb_function_info info, duckdb_aggregate_state* sources,
                  duckdb_aggregate_state* targets, idx_t count) try {
  for (idx_t i = 0; i < count; ++i)
    if (const DistinctSketch* source = state_of(sources[i]).sketch)
      sketch_of(targets[i]).merge(*source);
} catch (const std::exception& error) {
  duckdb_aggregate_function_set_error(info, error.what());
}

void write_results(duckdb_function_info, duckdb_aggregate_state* states, duckdb_vector result,
                   idx_t count, idx_t offset) {
  auto* estimates = static_cast<int64_t*>(duckdb_vector_get_data(result));
  for (idx_t i = 0; i < count; ++i) {
    const DistinctSketch* sketch = state_of(states[i]).sketch;
    estimates[offset + i] = sketch ? sketch->estimate() : 0;
  }
}

void add_type(duckdb_aggregate_function function, duckdb_type type,
              void (*add)(duckdb_aggregate_function, duckdb_logical_type)) {
  duckdb_logical_type logical = duckdb_create_logical_type(type);
  add(function, logical);
  duckdb_destroy_logical_type(&logical);
}

}  // namespace

duckdb_state register_distinct_function(duckdb_connection connection) {
  duckdb_aggregate_function function = duckdb_create_aggregate_function();
  duckdb_aggregate_function_set_name(function, kDistinctFunction);
  add_type(function, DUCKDB_TYPE_UBIGINT, duckdb_aggregate_function_add_parameter);
  add_type(function, DUCKDB_TYPE_BIGINT, duckdb_aggregate_function_set_return_type);
  duckdb_aggregate_function_set_functions(function, state_size, init_state, add_rows, merge_states,
                                          write_results);
  duckdb_aggregate_function_set_destructor(function, destroy_states);
  const duckdb_state state = duckdb_register_aggregate_function(connection, function);
  duckdb_destroy_aggregate_function(&function);
  return state;
}

}  // namespace bowshot::duckdb_sql
