# DuckDB 1.5.6 by its C API. Defines Bowshot::duckdb.
set(_root "${BOWSHOT_DEPS}/duckdb")
if(NOT EXISTS "${_root}/duckdb.h")
  message(FATAL_ERROR "No DuckDB in ${_root}: run tools/bootstrap")
endif()
add_library(Bowshot::duckdb INTERFACE IMPORTED)
target_include_directories(Bowshot::duckdb SYSTEM INTERFACE "${_root}")
target_link_libraries(Bowshot::duckdb INTERFACE "${_root}/libduckdb.so")
