#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/stop.hpp"
#include "encode/encoder.hpp"

namespace bowshot {

/// Where the bytes of `bowshot query` go. Destroyed without end(): nothing stays of a file.
class QueryOutput {
 public:
  virtual ~QueryOutput() = default;
  virtual Result<void> write(std::string_view bytes) = 0;
  /// Whether write() shows on a terminal, where nothing else may be drawn meanwhile.
  virtual bool is_on_screen() const { return false; }
  /// Whether end() tells how many rows there are beside those of a window.
  virtual bool tells_total() const { return false; }
  /// After the last byte of a whole answer.
  virtual Result<void> end(const AnswerFacts& facts) = 0;
};

/// A file that is whole or not there: written under a temporary name beside it, then renamed. What
/// is there already and no file (/dev/null, a pipe) is written to.
Result<std::unique_ptr<QueryOutput>> make_file_output(const std::string& path,
                                                      const StopToken& stop);
/// Standard output as it is. A reader that left is `cancelled`.
std::unique_ptr<QueryOutput> make_standard_output(const StopToken& stop);
/// Standard output as a table; the bytes are an Arrow stream.
std::unique_ptr<QueryOutput> make_table_output(const StopToken& stop);

}  // namespace bowshot
