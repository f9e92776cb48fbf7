#include "engine/parquet/first_rows.hpp"

#include <arrow/buffer.h>
#include <parquet/column_page.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace bowshot {

namespace {

using ContextPointer = std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)>;

ContextPointer make_context() {
  ContextPointer context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  // A frame that knows its length is its own window, and pages may be long.
  const int window_log_max = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax).upperBound;
  if (!context ||
      ZSTD_isError(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, window_log_max)))
    throw std::bad_alloc();
  return context;
}

void check(size_t outcome) {
  if (ZSTD_isError(outcome))
    throw parquet::ParquetException(std::string("a page is corrupt: ") +
                                    ZSTD_getErrorName(outcome));
}

/// A context for the frame: one a thread is kept, for making it costs as much as a small page does;
/// but a context keeps a buffer as long as the longest window that it saw.
class Context {
 public:
  explicit Context(const ZSTD_inBuffer& frame) {
    constexpr unsigned long long kKeptWindowMax = 2 << 20;  // NOLINT(google-runtime-int): zstd's
    const auto bytes = ZSTD_getFrameContentSize(frame.src, frame.size);  // errors are huge numbers
    if (bytes > kKeptWindowMax) {
      own_ = make_context();
      context_ = own_.get();
      return;
    }
    static thread_local const ContextPointer kKept = make_context();
    context_ = kKept.get();
    check(ZSTD_DCtx_reset(context_, ZSTD_reset_session_only));
  }

  ZSTD_DCtx* get() const { return context_; }

 private:
  ContextPointer own_{nullptr, &ZSTD_freeDCtx};
  ZSTD_DCtx* context_;  // own_ or the thread's
};

/// The beginning of what a page's zstd bytes hold, as much as was asked for. One at a time a
/// thread.
class Beginning {
 public:
  /// `plain`: bytes of the page that lie before the compressed ones.
  Beginning(const uint8_t* page, int64_t plain, int64_t page_bytes, int64_t bytes_max)
      : input_{.src = page + plain, .size = static_cast<size_t>(page_bytes - plain), .pos = 0},
        context_(input_),
        bytes_max_(bytes_max) {
    PARQUET_ASSIGN_OR_THROW(buffer_, arrow::AllocateResizableBuffer(plain));
    if (plain > 0) std::memcpy(buffer_->mutable_data(), page, static_cast<size_t>(plain));
  }

  /// Decompresses on until there are `bytes` bytes; throws if the page has fewer.
  void reach(int64_t bytes) {
    if (bytes > bytes_max_) throw parquet::ParquetException("a page is shorter than its values");
    const int64_t before = buffer_->size();
    if (bytes <= before) return;
    PARQUET_THROW_NOT_OK(buffer_->Resize(bytes, /*shrink_to_fit=*/false));
    ZSTD_outBuffer output{.dst = buffer_->mutable_data(),
                          .size = static_cast<size_t>(bytes),
                          .pos = static_cast<size_t>(before)};
    while (output.pos < output.size) {
      const size_t had = input_.pos + output.pos;
      check(ZSTD_decompressStream(context_.get(), &output, &input_));
      if (input_.pos + output.pos == had)
        throw parquet::ParquetException("a page is shorter than its header says");
    }
  }

  const uint8_t* data() const { return buffer_->data(); }
  int64_t size() const { return buffer_->size(); }
  int64_t bytes_max() const { return bytes_max_; }
  std::shared_ptr<arrow::Buffer> take() { return std::move(buffer_); }

 private:
  ZSTD_inBuffer input_;
  Context context_;
  const int64_t bytes_max_;  // of all the page holds
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
};

uint32_t little_endian(const uint8_t* bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// Bytes of a plain value; none where they differ from value to value.
std::optional<int64_t> plain_bytes(const parquet::ColumnDescriptor& leaf) {
  switch (leaf.physical_type()) {
    case parquet::Type::INT32:
    case parquet::Type::FLOAT:
      return 4;
    case parquet::Type::INT64:
    case parquet::Type::DOUBLE:
      return 8;
    case parquet::Type::INT96:
      return 12;
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return leaf.type_length();
    default:
      return std::nullopt;
  }
}

class FirstRows : public parquet::PageReader {
 public:
  FirstRows(std::unique_ptr<parquet::PageReader> pages, const parquet::ColumnDescriptor& leaf,
            int64_t rows)
      : pages_(std::move(pages)), leaf_(leaf), rows_left_(rows) {}

  std::shared_ptr<parquet::Page> NextPage() override {
    if (rows_left_ <= 0) throw parquet::ParquetException("no more rows were announced");
    auto page = pages_->NextPage();
    if (!page) return page;
    if (page->type() == parquet::PageType::DATA_PAGE)
      return beginning_of(static_cast<const parquet::DataPageV1&>(*page));
    if (page->type() == parquet::PageType::DATA_PAGE_V2)
      return beginning_of(static_cast<const parquet::DataPageV2&>(*page));
    throw parquet::ParquetException("a dictionary that the footer does not know");
  }

  void set_max_page_header_size(uint32_t size) override { pages_->set_max_page_header_size(size); }

 private:
  std::shared_ptr<parquet::Page> beginning_of(const parquet::DataPageV1& page) {
    Beginning beginning(page.data(), 0, page.size(), page.uncompressed_size());
    int64_t levels = 0;
    bool are_levels_known = true;
    if (leaf_.max_definition_level() > 0) {
      are_levels_known = page.definition_level_encoding() == parquet::Encoding::RLE;
      if (are_levels_known) {
        beginning.reach(4);
        levels = 4 + int64_t{little_endian(beginning.data())};
      }
    }
    reach_values(beginning, page, levels, are_levels_known);
    return std::make_shared<parquet::DataPageV1>(
        beginning.take(), page.num_values(), page.encoding(), page.definition_level_encoding(),
        page.repetition_level_encoding(), page.uncompressed_size(), page.statistics(),
        page.first_row_index(), page.size_statistics());
  }

  std::shared_ptr<parquet::Page> beginning_of(const parquet::DataPageV2& page) {
    const int64_t levels = int64_t{page.definition_levels_byte_length()} +
                           int64_t{page.repetition_levels_byte_length()};
    if (levels < 0 || levels > page.size() || page.definition_levels_byte_length() < 0)
      throw parquet::ParquetException("a page is shorter than its levels");
    std::shared_ptr<arrow::Buffer> bytes = page.buffer();
    if (page.is_compressed()) {
      Beginning beginning(page.data(), levels, page.size(), page.uncompressed_size());
      reach_values(beginning, page, levels, true);
      bytes = beginning.take();
    } else {
      rows_left_ -= page.num_values();
    }
    return std::make_shared<parquet::DataPageV2>(
        std::move(bytes), page.num_values(), page.num_nulls(), page.num_rows(), page.encoding(),
        page.definition_levels_byte_length(), page.repetition_levels_byte_length(),
        page.uncompressed_size(), /*is_compressed=*/false, page.statistics(),
        page.first_row_index(), page.size_statistics());
  }

  /// Decompresses the values of the rows that are left, or of the whole page. A null is a row
  /// without a value, so that these may be more than are needed.
  void reach_values(Beginning& beginning, const parquet::DataPage& page, int64_t levels,
                    bool are_levels_known) {
    const int64_t rows = std::exchange(rows_left_, rows_left_ - page.num_values());
    const bool is_whole = rows >= page.num_values() || !are_levels_known ||
                          page.encoding() != parquet::Encoding::PLAIN;
    if (is_whole) return beginning.reach(beginning.bytes_max());
    if (const auto width = plain_bytes(leaf_))
      return beginning.reach(std::min(beginning.bytes_max(), levels + rows * *width));
    if (leaf_.physical_type() != parquet::Type::BYTE_ARRAY)
      return beginning.reach(beginning.bytes_max());
    reach_texts(beginning, levels, rows);
  }

  /// A plain text is its length in four bytes, then itself.
  static void reach_texts(Beginning& beginning, int64_t position, int64_t texts) {
    constexpr int64_t kStepBytesMin = 64 << 10;  // more at a time than a short text
    const auto reach = [&](int64_t bytes) {
      if (bytes <= beginning.size()) return;
      const int64_t step = std::max(kStepBytesMin, beginning.size() / 2);
      beginning.reach(std::max(bytes, std::min(beginning.bytes_max(), beginning.size() + step)));
    };
    for (; texts > 0 && position < beginning.bytes_max(); --texts) {
      reach(position + 4);
      position += 4 + int64_t{little_endian(beginning.data() + position)};
      reach(position);
    }
  }

  std::unique_ptr<parquet::PageReader> pages_;  // a page may point into its buffer
  const parquet::ColumnDescriptor& leaf_;
  int64_t rows_left_;
};

}  // namespace

bool has_first_rows(const parquet::ColumnDescriptor& leaf,
                    const parquet::ColumnChunkMetaData& column) {
  const auto is_dictionary = [](parquet::Encoding::type encoding) {
    return encoding == parquet::Encoding::RLE_DICTIONARY ||
           encoding == parquet::Encoding::PLAIN_DICTIONARY;
  };
  return column.compression() == parquet::Compression::ZSTD && leaf.max_repetition_level() == 0 &&
         !column.has_dictionary_page() && std::ranges::none_of(column.encodings(), is_dictionary);
}

std::unique_ptr<parquet::PageReader> first_rows(std::unique_ptr<parquet::PageReader> pages,
                                                const parquet::ColumnDescriptor& leaf,
                                                int64_t rows) {
  return std::make_unique<FirstRows>(std::move(pages), leaf, rows);
}

}  // namespace bowshot
