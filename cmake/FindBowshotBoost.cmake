# Boost >= 1.84 (Asio, Beast, JSON): installed, else the one that tools/bootstrap unpacks.
# Defines Bowshot::boost. Header-only use: Boost.JSON is compiled once, in core/base/boost_json.cpp.
find_package(Boost 1.84 QUIET)
add_library(Bowshot::boost INTERFACE IMPORTED)
if(Boost_FOUND)
  target_include_directories(Bowshot::boost SYSTEM INTERFACE "${Boost_INCLUDE_DIRS}")
else()
  if(NOT EXISTS "${BOWSHOT_DEPS}/boost/include/boost/asio.hpp")
    message(FATAL_ERROR "No Boost in ${BOWSHOT_DEPS}/boost: run tools/bootstrap")
  endif()
  target_include_directories(Bowshot::boost SYSTEM INTERFACE "${BOWSHOT_DEPS}/boost/include")
endif()
target_compile_definitions(Bowshot::boost INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
