#include "encode/arrow_stream.hpp"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>

#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "encode/arrow_status.hpp"

namespace bowshot {
namespace {

static_assert(std::endian::native == std::endian::little, "the stream is written as little-endian");

constexpr std::string_view kContinuation = "\xFF\xFF\xFF\xFF";
constexpr std::string_view kEndOfStream{"\xFF\xFF\xFF\xFF\0\0\0\0", 8};
constexpr std::string_view kZeros{"\0\0\0\0\0\0\0", 7};
/// A message of 256 bytes of which 8 come: no reader takes what came before for the whole.
constexpr std::string_view kBrokenMessage{"\xFF\xFF\xFF\xFF\0\1\0\0\0\0\0\0\0\0\0\0", 16};
/// Buffers below this are copied together: a copy of 2 KiB costs less than a piece of a gather
/// write does.
constexpr int64_t kGatherBytesMax = 2 << 10;

int64_t padding_of(int64_t bytes) {
  return -bytes & 7;
}

/// Collects pieces; short ones are copied together.
struct Pieces {
  ByteList list;
  std::string gathered;

  void add(std::string_view bytes) { gathered += bytes; }

  void add(const std::shared_ptr<arrow::Buffer>& buffer) {
    if (buffer->size() <= kGatherBytesMax) {
      gathered += std::string_view(*buffer);
      return;
    }
    flush();
    list.push_back(buffer);
  }

  void add(const arrow::ipc::IpcPayload& payload) {
    const int64_t metadata_bytes = payload.metadata->size();
    const int64_t padding = padding_of(metadata_bytes);
    const auto length = static_cast<int32_t>(metadata_bytes + padding);
    std::array<char, sizeof length> length_bytes;
    std::memcpy(length_bytes.data(), &length, sizeof length);
    add(kContinuation);
    add(std::string_view(length_bytes.data(), length_bytes.size()));
    add(payload.metadata);
    add(kZeros.substr(0, padding));
    for (const auto& buffer : payload.body_buffers) {
      if (!buffer || buffer->size() == 0) continue;
      add(buffer);
      add(kZeros.substr(0, padding_of(buffer->size())));
    }
  }

  void flush() {
    if (gathered.empty()) return;
    list.push_back(arrow::Buffer::FromString(std::exchange(gathered, {})));
  }

  ByteList take() {
    flush();
    return std::move(list);
  }
};

ByteList bytes_of(const ArrowMessages::Payloads& payloads) {
  Pieces out;
  for (const auto& payload : payloads) out.add(payload);
  return out.take();
}

}  // namespace

ArrowStreamEncoder::ArrowStreamEncoder(ArrowCodec codec)
    : messages_(codec, ArrowMessages::Dictionaries::kReplaceable) {}

ArrowStreamEncoder::~ArrowStreamEncoder() = default;

Result<ByteList> ArrowStreamEncoder::begin(const std::shared_ptr<arrow::Schema>& schema,
                                           const AnswerFacts& facts) {
  BOWSHOT_ASSIGN(const auto payloads, messages_.begin(schema, facts));
  return bytes_of(payloads);
}

Result<ByteList> ArrowStreamEncoder::batch(const std::shared_ptr<arrow::RecordBatch>& batch) {
  BOWSHOT_ASSIGN(const auto payloads, messages_.batch(*batch));
  return bytes_of(payloads);
}

Result<ByteList> ArrowStreamEncoder::end() {
  return ByteList{arrow::Buffer::FromString(std::string(kEndOfStream))};
}

ByteList ArrowStreamEncoder::abort() {
  return {arrow::Buffer::FromString(std::string(kBrokenMessage))};
}

}  // namespace bowshot
