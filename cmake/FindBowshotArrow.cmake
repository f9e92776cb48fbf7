# Arrow and Parquet C++ 26: an installed package when there is one of that version, else the
# libraries and headers inside the pyarrow wheel that tools/bootstrap unpacks into ${BOWSHOT_DEPS}.
# Defines Bowshot::arrow.
find_package(Arrow 26 QUIET CONFIG)
find_package(Parquet 26 QUIET CONFIG)
add_library(Bowshot::arrow INTERFACE IMPORTED)
if(Arrow_FOUND AND Parquet_FOUND)
  target_link_libraries(Bowshot::arrow INTERFACE Arrow::arrow_shared Parquet::parquet_shared)
else()
  set(_root "${BOWSHOT_DEPS}/pyarrow")
  if(NOT EXISTS "${_root}/include/arrow/api.h")
    message(FATAL_ERROR "No Arrow 26 in ${_root}: run tools/bootstrap")
  endif()
  target_include_directories(Bowshot::arrow SYSTEM INTERFACE "${_root}/include")
  target_link_libraries(Bowshot::arrow INTERFACE
    "${_root}/libarrow_compute.so.2600" "${_root}/libparquet.so.2600" "${_root}/libarrow.so.2600")
endif()
