#include <arrow/array.h>
#include <arrow/array/builder_base.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/util/bit_block_counter.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "base/check.hpp"
#include "source/data_type.hpp"

namespace bowshot {

namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;

/// Arrow's own message may hold the value at fault, so it stays here.
std::unexpected<Error> cannot_recast(const arrow::DataType& from, const arrow::DataType& to,
                                     const arrow::Status& status) {
  if (status.IsOutOfMemory())
    return fail(ErrorCode::kOutOfMemory, "not enough memory to convert a column");
  return fail(ErrorCode::kBadData, fmt::format("a value of type {} does not fit type {}",
                                               type_name(from), type_name(to)));
}

/// Exact, or an error; but a time of day is cut to microseconds, as protocol_type() says.
Result<ArrayPtr> cast(const ArrayPtr& array, const TypePtr& type) {
  arrow::compute::CastOptions options;
  options.allow_time_truncate = type->id() == arrow::Type::TIME64;
  auto result = arrow::compute::Cast(*array, type, options);
  if (!result.ok()) return cannot_recast(*array->type(), *type, result.status());
  return *std::move(result);
}

/// Calls `at_null(i)` for each null slot, skipping runs of valid ones 64 at a time.
template <class Function>
void for_each_null(const arrow::Array& array, Function&& at_null) {
  arrow::internal::BitBlockCounter counter(array.null_bitmap_data(), array.offset(),
                                           array.length());
  for (int64_t position = 0; position < array.length();) {
    const auto block = counter.NextWord();
    if (!block.AllSet())
      for (int64_t i = position; i < position + block.length; ++i)
        if (array.IsNull(i)) at_null(i);
    position += block.length;
  }
}

Result<std::shared_ptr<arrow::Buffer>> allocate(int64_t bytes) {
  auto buffer = arrow::AllocateBuffer(bytes);
  if (!buffer.ok())
    return fail(ErrorCode::kOutOfMemory, fmt::format("no memory for {} bytes of a column", bytes));
  return std::shared_ptr<arrow::Buffer>(*std::move(buffer));
}

/// Fixed-width values, of whole bytes: what a decoder left under a null becomes zero.
Result<ArrayPtr> zero_fixed_width(const ArrayPtr& array, int byte_width) {
  const arrow::ArrayData& data = *array->data();
  const uint8_t* values = data.buffers[1]->data() + data.offset * byte_width;
  static constexpr uint8_t kZeros[32] = {};
  BOWSHOT_CHECK(byte_width <= static_cast<int>(sizeof kZeros));
  bool has_residue = false;
  for_each_null(*array, [&](int64_t i) {
    has_residue |= std::memcmp(values + i * byte_width, kZeros, byte_width) != 0;
  });
  if (!has_residue) return array;

  // Built with the same offset so that the validity bitmap is shared.
  BOWSHOT_ASSIGN(auto buffer, allocate((data.offset + data.length) * byte_width));
  std::memset(buffer->mutable_data(), 0, data.offset * byte_width);
  uint8_t* out = buffer->mutable_data() + data.offset * byte_width;
  std::memcpy(out, values, data.length * byte_width);
  for_each_null(*array, [&](int64_t i) { std::memset(out + i * byte_width, 0, byte_width); });
  auto zeroed = data.Copy();
  zeroed->buffers[1] = std::move(buffer);
  return arrow::MakeArray(zeroed);
}

Result<ArrayPtr> zero_booleans(const ArrayPtr& array) {
  const arrow::ArrayData& data = *array->data();
  auto bits =
      arrow::internal::BitmapAnd(arrow::default_memory_pool(), data.buffers[0]->data(), data.offset,
                                 data.buffers[1]->data(), data.offset, data.length, data.offset);
  if (!bits.ok()) return cannot_recast(*data.type, *data.type, bits.status());
  auto zeroed = data.Copy();
  zeroed->buffers[1] = *std::move(bits);
  return arrow::MakeArray(zeroed);
}

/// Text, binary and lists: a null slot's range becomes empty. Decoders do not leave such ranges, so
/// the copy is rare and may be slow.
Result<ArrayPtr> empty_null_ranges(const ArrayPtr& array) {
  const arrow::ArrayData& data = *array->data();
  const int32_t* offsets = data.GetValues<int32_t>(1);
  bool has_residue = false;
  for_each_null(*array, [&](int64_t i) { has_residue |= offsets[i + 1] != offsets[i]; });
  if (!has_residue) return array;

  const auto rebuild = [&]() -> arrow::Result<ArrayPtr> {
    ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(array->type()));
    for (int64_t i = 0; i < array->length(); ++i) {
      if (array->IsNull(i)) {
        ARROW_RETURN_NOT_OK(builder->AppendNull());
      } else {
        ARROW_RETURN_NOT_OK(builder->AppendArraySlice(data, i, 1));
      }
    }
    return builder->Finish();
  };
  auto rebuilt = rebuild();
  if (!rebuilt.ok()) return cannot_recast(*data.type, *data.type, rebuilt.status());
  return *std::move(rebuilt);
}

Result<ArrayPtr> zero_null_slots(const ArrayPtr& array) {
  if (array->null_count() == 0) return array;
  const arrow::DataType& type = *array->type();
  if (type.id() == arrow::Type::BOOL) return zero_booleans(array);
  if (arrow::is_base_binary_like(type.id()) || type.id() == arrow::Type::LIST)
    return empty_null_ranges(array);
  if (type.id() == arrow::Type::STRUCT) return array;  // its children carry its nulls
  return zero_fixed_width(array, type.byte_width());
}

/// Offsets of `array`'s rows from their first value on, as int32.
template <class Offset>
Result<std::shared_ptr<arrow::Buffer>> rebased_offsets(const arrow::ArrayData& data) {
  const Offset* offsets = data.GetValues<Offset>(1);
  const Offset first = offsets[0];
  if (offsets[data.length] - first > std::numeric_limits<int32_t>::max())
    return fail(ErrorCode::kBadData, fmt::format("{} values of type {} hold more than 2 GiB",
                                                 data.length, type_name(*data.type)));
  BOWSHOT_ASSIGN(auto buffer, allocate((data.length + 1) * static_cast<int64_t>(sizeof(int32_t))));
  auto* rebased = buffer->template mutable_data_as<int32_t>();
  for (int64_t i = 0; i <= data.length; ++i) rebased[i] = static_cast<int32_t>(offsets[i] - first);
  return buffer;
}

/// The validity of `array`'s rows alone; null where none is null.
Result<std::shared_ptr<arrow::Buffer>> rebased_validity(const arrow::Array& array) {
  if (array.null_count() == 0) return nullptr;
  auto bits = arrow::internal::CopyBitmap(arrow::default_memory_pool(), array.null_bitmap_data(),
                                          array.offset(), array.length());
  if (!bits.ok()) return cannot_recast(*array.type(), *array.type(), bits.status());
  return *std::move(bits);
}

/// Large text or binary with small offsets: its bytes are not copied, and a slice may lie anywhere.
Result<ArrayPtr> narrow(const ArrayPtr& array, const TypePtr& type) {
  const arrow::ArrayData& data = *array->data();
  if (array->length() == 0) return cast(array, type);
  const int64_t* offsets = data.GetValues<int64_t>(1);
  BOWSHOT_ASSIGN(auto narrowed, rebased_offsets<int64_t>(data));
  BOWSHOT_ASSIGN(auto validity, rebased_validity(*array));
  auto bytes = data.buffers[2] ? arrow::SliceBuffer(data.buffers[2], offsets[0],
                                                    offsets[data.length] - offsets[0])
                               : nullptr;
  return arrow::MakeArray(arrow::ArrayData::Make(
      type, data.length, {std::move(validity), std::move(narrowed), std::move(bytes)},
      array->null_count()));
}

/// A slice of a list with the items of its rows alone.
Result<std::shared_ptr<arrow::ListArray>> with_own_items(std::shared_ptr<arrow::ListArray> list) {
  const int64_t length = list->length();
  const int32_t first = length > 0 ? list->value_offset(0) : 0;
  const int32_t items = length > 0 ? list->value_offset(length) - first : 0;
  if (items == list->values()->length()) return list;
  BOWSHOT_ASSIGN(auto validity, rebased_validity(*list));
  std::shared_ptr<arrow::Buffer> offsets;
  if (length > 0) {
    BOWSHOT_ASSIGN(offsets, rebased_offsets<int32_t>(*list->data()));
  } else {
    BOWSHOT_ASSIGN(offsets, allocate(sizeof(int32_t)));
    *offsets->mutable_data_as<int32_t>() = 0;
  }
  return std::make_shared<arrow::ListArray>(list->type(), length, std::move(offsets),
                                            list->values()->Slice(first, items),
                                            std::move(validity), list->null_count());
}

/// Arrow's own cast takes the sizes of views for offsets, which then lie beyond the items.
template <class ViewArray>
Result<ArrayPtr> list_of_views(const ArrayPtr& array) {
  const auto& views = static_cast<const ViewArray&>(*array);
  const auto type = arrow::list(array->type()->field(0)->WithName("item"));
  BOWSHOT_ASSIGN(auto offsets, allocate((views.length() + 1) * int64_t{sizeof(int32_t)}));
  auto* ends = offsets->template mutable_data_as<int32_t>();
  int64_t end = 0;
  *ends = 0;
  for (int64_t i = 0; i < views.length(); ++i) {
    if (views.IsValid(i)) end += views.value_length(i);
    if (end > std::numeric_limits<int32_t>::max())
      return fail(ErrorCode::kBadData, "a batch of lists holds more than 2^31 items");
    *++ends = static_cast<int32_t>(end);
  }
  auto items = views.Flatten(arrow::default_memory_pool());  // only those of valid slots
  if (!items.ok()) return cannot_recast(*array->type(), *type, items.status());
  BOWSHOT_ASSIGN(auto validity, rebased_validity(*array));
  return std::make_shared<arrow::ListArray>(type, views.length(), std::move(offsets),
                                            *std::move(items), std::move(validity),
                                            views.null_count());
}

Result<ArrayPtr> list_of_any_views(const ArrayPtr& array) {
  if (array->type_id() == arrow::Type::LIST_VIEW) return list_of_views<arrow::ListViewArray>(array);
  return list_of_views<arrow::LargeListViewArray>(array);
}

/// Any list-like array as list<its own item type>.
Result<std::shared_ptr<arrow::ListArray>> as_plain_list(const ArrayPtr& array) {
  ArrayPtr plain = array;
  if (array->type_id() == arrow::Type::MAP) {  // the same layout, another name
    auto data = array->data()->Copy();
    data->type = arrow::list(array->type()->field(0));
    plain = arrow::MakeArray(data);
  } else if (arrow::is_list_view(array->type_id())) {
    BOWSHOT_ASSIGN(plain, list_of_any_views(array));
  } else if (array->type_id() != arrow::Type::LIST) {
    BOWSHOT_ASSIGN(plain, cast(array, arrow::list(array->type()->field(0)->WithName("item"))));
  }
  return std::static_pointer_cast<arrow::ListArray>(plain);
}

Result<ArrayPtr> recast_list(const ArrayPtr& array, const TypePtr& type) {
  BOWSHOT_ASSIGN(auto list, as_plain_list(array));
  BOWSHOT_ASSIGN(list, with_own_items(std::move(list)));
  BOWSHOT_ASSIGN(auto items, recast(list->values(), type->field(0)->type()));
  auto data = list->data()->Copy();
  data->type = type;
  data->child_data[0] = items->data();
  return zero_null_slots(arrow::MakeArray(data));
}

Result<ArrayPtr> recast_struct(const ArrayPtr& array, const TypePtr& type) {
  const auto& structs = static_cast<const arrow::StructArray&>(*array);
  arrow::ArrayDataVector children;
  for (int i = 0; i < type->num_fields(); ++i) {
    ArrayPtr child = structs.field(i);  // sliced like the struct itself
    if (structs.null_count() > 0) {     // what is below a null is null, whichever path read it
      auto flattened = structs.GetFlattenedField(i);
      if (!flattened.ok()) return cannot_recast(*array->type(), *type, flattened.status());
      child = *std::move(flattened);
    }
    BOWSHOT_ASSIGN(child, recast(child, type->field(i)->type()));
    children.push_back(child->data());
  }
  std::shared_ptr<arrow::Buffer> validity;
  if (structs.null_count() > 0) {
    auto bits =
        arrow::internal::CopyBitmap(arrow::default_memory_pool(), structs.null_bitmap_data(),
                                    structs.offset(), structs.length());
    if (!bits.ok()) return cannot_recast(*array->type(), *type, bits.status());
    validity = *std::move(bits);
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type, structs.length(), {std::move(validity)},
                                                 std::move(children), structs.null_count()));
}

/// Instants keep their number; only the label of the zone may change.
Result<ArrayPtr> recast_timestamp(const ArrayPtr& array, const TypePtr& type) {
  const auto& from = static_cast<const arrow::TimestampType&>(*array->type());
  const auto& to = static_cast<const arrow::TimestampType&>(*type);
  ArrayPtr rescaled = array;
  if (from.unit() != to.unit()) {
    BOWSHOT_ASSIGN(rescaled, cast(array, arrow::timestamp(to.unit(), from.timezone())));
  }
  auto data = rescaled->data()->Copy();
  data->type = type;
  return zero_null_slots(arrow::MakeArray(data));
}

Result<ArrayPtr> recast_leaf(const ArrayPtr& array, const TypePtr& type) {
  if (array->type()->Equals(*type)) return zero_null_slots(array);
  if (arrow::is_large_binary_like(array->type_id()) && arrow::is_base_binary_like(type->id())) {
    BOWSHOT_ASSIGN(auto narrowed, narrow(array, type));
    return zero_null_slots(narrowed);
  }
  if (array->type_id() == arrow::Type::TIMESTAMP && type->id() == arrow::Type::TIMESTAMP)
    return recast_timestamp(array, type);
  BOWSHOT_ASSIGN(auto converted, cast(array, type));
  return zero_null_slots(converted);
}

}  // namespace

Result<ArrayPtr> recast(const ArrayPtr& array, const TypePtr& type) {
  switch (array->type_id()) {
    case arrow::Type::NA: {
      auto nulls = arrow::MakeArrayOfNull(type, array->length());
      if (!nulls.ok()) return cannot_recast(*array->type(), *type, nulls.status());
      return *std::move(nulls);
    }
    case arrow::Type::EXTENSION:
      return recast(static_cast<const arrow::ExtensionArray&>(*array).storage(), type);
    case arrow::Type::DICTIONARY: {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
      BOWSHOT_ASSIGN(auto values, recast(encoded.dictionary(), type));
      auto decoded = arrow::compute::Take(*values, *encoded.indices());
      if (!decoded.ok()) return cannot_recast(*array->type(), *type, decoded.status());
      return zero_null_slots(*std::move(decoded));
    }
    default:
      break;
  }
  const bool is_nested = array->type()->num_fields() > 0;
  if (is_nested && type->id() == arrow::Type::LIST) return recast_list(array, type);
  if (array->type_id() == arrow::Type::STRUCT && type->id() == arrow::Type::STRUCT &&
      array->type()->num_fields() == type->num_fields())
    return recast_struct(array, type);
  if (is_nested || type->num_fields() > 0)
    return fail(ErrorCode::kBadData, fmt::format("type {} does not fit type {}",
                                                 type_name(*array->type()), type_name(*type)));
  return recast_leaf(array, type);
}

}  // namespace bowshot
