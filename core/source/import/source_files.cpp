#include "source/import/source_files.hpp"

#include <utility>

#include "source/file_kind.hpp"
#include "source/import/recoded_stream.hpp"

namespace bowshot {

Result<std::shared_ptr<SourceFile>> SourceFiles::open() {
  BOWSHOT_ASSIGN(auto file,
                 SourceFile::make(current(), stop_, progress_ ? &progress_->bytes_read : nullptr));
  opened_.push_back(file);
  return file;
}

Result<std::shared_ptr<arrow::io::InputStream>> SourceFiles::open_text(
    const std::string& encoding) {
  BOWSHOT_ASSIGN(auto file, open());
  BOWSHOT_ASSIGN(auto text, SourceFile::decoded(std::move(file), format_of(current().path).coding));
  return recoded(std::move(text), encoding);
}

void SourceFiles::rewind() {
  index_ = 0;
  opened_.clear();
  if (progress_ != nullptr) progress_->bytes_read = 0;
}

Result<void> SourceFiles::check_unchanged() const {
  for (const auto& file : opened_) BOWSHOT_TRY(file->check_unchanged());
  return {};
}

}  // namespace bowshot
