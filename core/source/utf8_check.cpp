#include "source/utf8_check.hpp"

#include <arrow/array/array_binary.h>
#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/utf8.h>

namespace bowshot {
namespace {

/// One text column: its bytes as a whole are UTF-8 and no text begins amid a character.
bool are_texts_valid(const arrow::ArrayData& data) {
  if (data.length == 0 || !data.buffers[2]) return true;
  const auto* offsets = data.GetValues<int32_t>(1);
  const uint8_t* bytes = data.buffers[2]->data();
  if (!arrow::util::ValidateUTF8(bytes + offsets[0], offsets[data.length] - offsets[0]))
    return false;
  for (int64_t i = 0; i < data.length; ++i)
    if (offsets[i] < offsets[data.length] && (bytes[offsets[i]] & 0xC0) == 0x80) return false;
  return true;
}

bool are_views_valid(const arrow::ArrayData& data) {
  const arrow::StringViewArray views(std::make_shared<arrow::ArrayData>(data));
  for (int64_t i = 0; i < views.length(); ++i)
    if (views.IsValid(i) && !arrow::util::ValidateUTF8(views.GetView(i))) return false;
  return true;
}

}  // namespace

bool is_valid_utf8(const arrow::ArrayData& data) {
  arrow::util::InitializeUTF8();
  if (data.type->id() == arrow::Type::STRING) return are_texts_valid(data);
  if (data.type->id() == arrow::Type::STRING_VIEW) return are_views_valid(data);
  if (data.dictionary && !is_valid_utf8(*data.dictionary)) return false;
  for (const auto& child : data.child_data)
    if (!is_valid_utf8(*child)) return false;
  return true;
}

}  // namespace bowshot
