#pragma once

#include <arrow/type_fwd.h>
#include <parquet/type_fwd.h>

#include <memory>

#include "source/dataset.hpp"

namespace parquet::arrow {
class FileReader;
}

namespace bowshot {

/// How every Parquet file is read: with page checksums verified, which find what else passes
/// unseen; from small buffers, so that a column chunk is never held whole.
parquet::ReaderProperties reader_properties();

/// Arrow's reader of `file`, over its held descriptor and its parsed footer. May throw: call it
/// within read_guarded.
std::unique_ptr<parquet::arrow::FileReader> open_arrow_reader(
    const std::shared_ptr<const DataFile>& file, const parquet::ArrowReaderProperties& properties);

}  // namespace bowshot
