#pragma once

namespace bowshot {

/// Decides which allocator Arrow uses in this process, before anything asks it for memory; later
/// calls do nothing. The operator's own choice (ARROW_DEFAULT_MEMORY_POOL) stays. Not while another
/// thread reads or changes the environment: it is changed for a moment, as Arrow has no other way
/// to be told, and is then as it was, so that another Arrow of the process makes its own choice.
void choose_memory_pool();

}  // namespace bowshot
