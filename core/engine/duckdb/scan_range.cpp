#include "engine/duckdb/scan_range.hpp"

#include <algorithm>

namespace bowshot {

int64_t scan_end(const Dataset& dataset, int64_t begin, int64_t end) {
  const auto& files = dataset.files();
  if (files.empty()) return end;
  const auto after = std::ranges::upper_bound(files, begin, {}, &DatasetFile::first_row);
  const auto file_end = [&](auto file) {
    return file == files.end() ? dataset.rows() : file->first_row;
  };
  if (std::prev(after)->first_row != begin) return std::min(file_end(after), end);
  auto last = after;  // the first file that is not wholly within
  while (last != files.end() && file_end(std::next(last)) <= end) ++last;
  return std::min(file_end(last), end);
}

}  // namespace bowshot
