#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <list>
#include <memory>

#include "base/guarded.hpp"
#include "base/stop.hpp"
#include "engine/parquet/page_map.hpp"
#include "source/dataset.hpp"

namespace bowshot {

/// Parquet's reader of a file that can be aimed at any page of any row group. Making one parses the
/// file's schema, which costs more than reading a page; so those that are idle are kept. It holds
/// no file while idle. One thread at a time.
class AimedReader;

/// Idle readers, up to a number of them. Safe from any thread.
class AimedReaders {
 public:
  AimedReaders();
  ~AimedReaders();
  /// `texts_as_codes`: flat texts are read as dictionary arrays. Throws on corrupt data.
  std::unique_ptr<AimedReader> take(const DataFile& file, bool texts_as_codes);
  void give_back(std::unique_ptr<AimedReader> reader);

 private:
  Guarded<std::list<std::unique_ptr<AimedReader>>> idle_;  // the latest first
};

/// One top-level column of one row group, read from a row on, page by page. One thread at a time.
class ColumnRun {
 public:
  struct Start {
    std::shared_ptr<const DataFile> file;  // shared: the run reads it
    int group = 0;
    int column = 0;
    int64_t row = 0;  // within the row group
    bool texts_as_codes = false;
  };
  /// Begins at a page at or before the row, as position() says then. Both caches outlive the run.
  static Result<std::unique_ptr<ColumnRun>> make(const Start& start, PageMapCache& page_maps,
                                                 AimedReaders& readers);
  ~ColumnRun();

  /// The row of the group that is read next.
  int64_t position() const { return position_; }
  bool texts_as_codes() const { return start_.texts_as_codes; }
  /// The next `rows` rows, which the row group must have, as Parquet's reader gives them.
  Result<std::shared_ptr<arrow::ChunkedArray>> next(int64_t rows);

 private:
  ColumnRun() = default;

  Start start_;
  AimedReaders* readers_ = nullptr;  // outlives this: the maker's promise
  std::unique_ptr<AimedReader> reader_;
  int64_t position_ = 0;
};

}  // namespace bowshot
