#pragma once

#include <string>

#include "base/stop.hpp"
#include "progress_line.hpp"
#include "query/request.hpp"
#include "query_output.hpp"

namespace bowshot {

/// One request on files, in this process: the server's stages without its slots and deadlines,
/// since nobody else waits.
struct LocalQuery {
  std::string path;   // a file, a folder or a glob
  std::string table;  // of a database; empty: it has one
  Shape shape = Shape::kRows;
  std::string parameters;  // as a URL has them
  std::string format;      // as `format` names it
  std::string cache_directory;

  Result<void> run(QueryOutput& output, const StopToken& stop) const;
};

}  // namespace bowshot
