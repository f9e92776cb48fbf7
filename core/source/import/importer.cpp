#include "source/import/importer.hpp"

namespace bowshot {

Importer::Importer(std::string cache_folder, int64_t cache_bytes, ConversionObserver* observer)
    : cache_(std::move(cache_folder), cache_bytes), observer_(observer) {
  // The limit may be lower than it was, and a process that was killed may have left something.
  submit([this](const StopToken&) { cache_.evict(); });
}

}  // namespace bowshot
