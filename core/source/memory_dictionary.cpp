#include "source/memory_dictionary.hpp"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>

namespace bowshot {

void MemoryDictionary::renumber(const std::shared_ptr<arrow::Array>& dictionary) {
  const auto& texts = static_cast<const arrow::StringArray&>(*dictionary);
  renumbered_.clear();
  is_same_ = true;
  for (int64_t i = 0; i < texts.length(); ++i) {
    int32_t code = -1;
    if (texts.IsValid(i)) {
      const auto next = static_cast<int32_t>(values_.size());
      const auto [position, is_new] = codes_.try_emplace(texts.GetString(i), next);
      if (is_new) values_.push_back(&position->first);
      code = position->second;
    }
    is_same_ = is_same_ && code == static_cast<int32_t>(i);
    renumbered_.push_back(code);
  }
  last_ = dictionary;
}

Result<std::shared_ptr<arrow::Array>> MemoryDictionary::encode(
    const arrow::DictionaryArray& array) {
  if (array.dictionary() != last_) renumber(array.dictionary());
  const auto& indices = static_cast<const arrow::Int32Array&>(*array.indices());
  for (int64_t i = 0; i < indices.length(); ++i) {
    if (indices.IsNull(i)) continue;
    const int32_t code = indices.Value(i);
    if (code < 0 || code >= static_cast<int32_t>(renumbered_.size()))
      return fail(ErrorCode::kBadData, "a code lies beyond its dictionary");
  }
  if (is_same_) return array.indices();
  arrow::Int32Builder builder;
  if (!builder.Reserve(indices.length()).ok())
    return fail(ErrorCode::kOutOfMemory, "no memory for a column's codes");
  for (int64_t i = 0; i < indices.length(); ++i) {
    const int32_t code =
        indices.IsNull(i) ? -1 : renumbered_[static_cast<size_t>(indices.Value(i))];
    code < 0 ? builder.UnsafeAppendNull() : builder.UnsafeAppend(code);
  }
  std::shared_ptr<arrow::Array> codes;
  if (!builder.Finish(&codes).ok())
    return fail(ErrorCode::kOutOfMemory, "no memory for a column's codes");
  return codes;
}

Result<std::shared_ptr<arrow::StringArray>> MemoryDictionary::finish() {
  const auto build = [&]() -> arrow::Result<std::shared_ptr<arrow::StringArray>> {
    arrow::StringBuilder builder;
    for (const std::string* value : values_) ARROW_RETURN_NOT_OK(builder.Append(*value));
    std::shared_ptr<arrow::StringArray> values;
    ARROW_RETURN_NOT_OK(builder.Finish(&values));
    return values;
  };
  auto values = build();
  if (!values.ok()) return fail(ErrorCode::kOutOfMemory, "no memory for a column's dictionary");
  return *std::move(values);
}

}  // namespace bowshot
