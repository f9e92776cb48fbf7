#pragma once

#include <memory>

#include "base/stop.hpp"
#include "source/dataset.hpp"

namespace bowshot {

/// Reads every page of the file once. `bad_data` names the file, the row group and the column of a
/// page that does not fit its checksum or cannot be unpacked; what has no checksum is unpacked
/// only.
Result<void> check_pages(const std::shared_ptr<const DataFile>& file, const StopToken& stop);

/// Whether the file's first data page carries a checksum; false where there is no page.
Result<bool> has_page_checksums(const DataFile& file);

}  // namespace bowshot
