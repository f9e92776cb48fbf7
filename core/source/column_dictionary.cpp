#include "source/column_dictionary.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "source/data_type.hpp"
#include "source/foreign.hpp"
#include "source/parquet_reader.hpp"

namespace bowshot {

namespace {

/// Distinct values in the order in which they come.
class DistinctValues {
 public:
  arrow::Status add(std::string_view value) {
    const auto [position, is_new] = seen_.try_emplace(std::string(value), true);
    return is_new ? builder_.Append(position->first) : arrow::Status::OK();
  }

  arrow::Status add_rows(const arrow::Array& array) {
    if (array.type_id() == arrow::Type::DICTIONARY) return add_encoded_rows(array);
    const auto& texts = static_cast<const arrow::StringArray&>(array);
    for (int64_t i = 0; i < texts.length(); ++i)
      if (texts.IsValid(i)) ARROW_RETURN_NOT_OK(add(texts.GetView(i)));
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::StringArray>> finish() {
    std::shared_ptr<arrow::StringArray> values;
    ARROW_RETURN_NOT_OK(builder_.Finish(&values));
    return values;
  }

 private:
  arrow::Status add_encoded_rows(const arrow::Array& array) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
    ARROW_ASSIGN_OR_RAISE(auto plain, arrow::compute::Cast(*encoded.dictionary(), arrow::utf8()));
    const auto& values = static_cast<const arrow::StringArray&>(*plain);
    std::vector<bool> has_code(static_cast<size_t>(values.length()));
    for (int64_t i = 0; i < encoded.length(); ++i) {
      if (encoded.IsNull(i)) continue;
      const int64_t code = encoded.GetValueIndex(i);
      if (code < 0 || code >= values.length()) return arrow::Status::Invalid("a code out of range");
      if (has_code[code]) continue;
      has_code[code] = true;
      if (values.IsValid(code)) ARROW_RETURN_NOT_OK(add(values.GetView(code)));
    }
    return arrow::Status::OK();
  }

  std::unordered_map<std::string, bool> seen_;
  arrow::StringBuilder builder_;
};

/// Whether the footer says that every data page is dictionary-encoded: then the dictionary page
/// holds every value.
bool is_wholly_encoded(const parquet::ColumnChunkMetaData& chunk) {
  if (chunk.encoding_stats().empty()) return false;
  return std::ranges::all_of(chunk.encoding_stats(), [](const parquet::PageEncodingStats& stats) {
    return stats.page_type == parquet::PageType::DICTIONARY_PAGE || stats.count == 0 ||
           stats.encoding == parquet::Encoding::RLE_DICTIONARY ||
           stats.encoding == parquet::Encoding::PLAIN_DICTIONARY;
  });
}

/// The values of a dictionary page: PLAIN byte arrays, each a length of 4 bytes and its bytes.
arrow::Status add_dictionary_page(const parquet::DictionaryPage& page, DistinctValues& values) {
  const uint8_t* position = page.data();
  int64_t left = page.size();
  for (int32_t i = 0; i < page.num_values(); ++i) {
    uint32_t bytes = 0;
    if (left < static_cast<int64_t>(sizeof bytes))
      return arrow::Status::Invalid("a dictionary page is too short");
    std::memcpy(&bytes, position, sizeof bytes);
    position += sizeof bytes;
    left -= sizeof bytes;
    if (left < bytes) return arrow::Status::Invalid("a dictionary page is too short");
    ARROW_RETURN_NOT_OK(values.add({reinterpret_cast<const char*>(position), bytes}));
    position += bytes;
    left -= bytes;
  }
  return arrow::Status::OK();
}

arrow::Status add_row_group(parquet::arrow::FileReader& reader, int group, int leaf,
                            DistinctValues& values) {
  const auto metadata = reader.parquet_reader()->metadata();
  if (is_wholly_encoded(*metadata->RowGroup(group)->ColumnChunk(leaf))) {
    const auto pages = reader.parquet_reader()->RowGroup(group)->GetColumnPageReader(leaf);
    const auto page = pages->NextPage();
    if (page && page->type() == parquet::PageType::DICTIONARY_PAGE)
      return add_dictionary_page(static_cast<const parquet::DictionaryPage&>(*page), values);
  }
  ARROW_ASSIGN_OR_RAISE(auto batches, reader.GetRecordBatchReader({group}, {leaf}));
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(auto batch, batches->Next());
    if (!batch) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(values.add_rows(*batch->column(0)));
  }
}

Result<bool> add_file(const std::shared_ptr<const DataFile>& file, int column,
                      DistinctValues& values) {
  return read_guarded<bool>(file->display_name(), [&]() -> arrow::Result<bool> {
    parquet::ArrowReaderProperties properties;
    properties.set_pre_buffer(false);
    const auto reader = open_arrow_reader(file, properties);
    const int leaf = file->leaf_starts()[column];  // the only one: dictionaries are not nested
    for (int group = 0; group < file->metadata()->num_row_groups(); ++group)
      ARROW_RETURN_NOT_OK(add_row_group(*reader, group, leaf, values));
    return true;
  });
}

std::unexpected<Error> unknown_value() {
  return fail(ErrorCode::kBadData, "a text column holds a value that its dictionary lacks");
}

}  // namespace

ColumnDictionary::ColumnDictionary(const std::shared_ptr<arrow::StringArray>& values)
    : values_(values) {
  codes_.reserve(static_cast<size_t>(values->length()));
  for (int64_t i = 0; i < values->length(); ++i)
    codes_.emplace(values->GetView(i), static_cast<int32_t>(i));
}

Result<std::shared_ptr<const ColumnDictionary>> ColumnDictionary::make(
    const std::vector<DatasetFile>& files, int column) {
  DistinctValues values;
  for (const DatasetFile& part : files) {
    BOWSHOT_TRY(add_file(part.file, column, values));
    BOWSHOT_TRY(part.file->check_unchanged());
  }
  BOWSHOT_ASSIGN(auto array, (read_guarded<std::shared_ptr<arrow::StringArray>>(
                                 "dictionary", [&] { return values.finish(); })));
  return std::make_shared<const ColumnDictionary>(std::move(array));
}

Result<std::shared_ptr<arrow::Array>> ColumnDictionary::encode(
    const std::shared_ptr<arrow::Array>& array) const {
  const auto code_of = [&](const arrow::StringArray& texts, int64_t i) -> int32_t {
    if (texts.IsNull(i)) return -1;
    const auto found = codes_.find(texts.GetView(i));
    return found == codes_.end() ? -2 : found->second;
  };
  std::vector<int32_t> codes(static_cast<size_t>(array->length()), -1);
  if (array->type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
    BOWSHOT_ASSIGN(auto plain, recast(encoded.dictionary(), arrow::utf8()));
    const auto& texts = static_cast<const arrow::StringArray&>(*plain);
    std::vector<int32_t> renumbered(static_cast<size_t>(texts.length()));
    for (int64_t i = 0; i < texts.length(); ++i) renumbered[i] = code_of(texts, i);
    for (int64_t i = 0; i < encoded.length(); ++i) {
      if (encoded.IsNull(i)) continue;
      const int64_t code = encoded.GetValueIndex(i);
      if (code < 0 || code >= texts.length()) return unknown_value();
      codes[i] = renumbered[code];
    }
  } else {
    BOWSHOT_ASSIGN(auto plain, recast(array, arrow::utf8()));
    const auto& texts = static_cast<const arrow::StringArray&>(*plain);
    for (int64_t i = 0; i < texts.length(); ++i) codes[i] = code_of(texts, i);
  }

  arrow::Int32Builder builder;
  if (!builder.Reserve(array->length()).ok())
    return fail(ErrorCode::kOutOfMemory, "no memory for a column's codes");
  for (const int32_t code : codes) {
    if (code == -2) return unknown_value();
    code < 0 ? builder.UnsafeAppendNull() : builder.UnsafeAppend(code);
  }
  std::shared_ptr<arrow::Array> indices;
  if (!builder.Finish(&indices).ok())
    return fail(ErrorCode::kOutOfMemory, "no memory for a column's codes");
  return std::make_shared<arrow::DictionaryArray>(arrow::dictionary(arrow::int32(), arrow::utf8()),
                                                  std::move(indices), values_);
}

}  // namespace bowshot
