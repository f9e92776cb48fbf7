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

std::shared_ptr<const arrow::KeyValueMetadata> facts_metadata(const AnswerFacts& facts) {
  auto metadata = std::make_shared<arrow::KeyValueMetadata>();
  metadata->Append("bowshot.version", facts.version);
  metadata->Append("bowshot.completeness", std::string(completeness_name(facts.completeness)));
  if (facts.rows) metadata->Append("bowshot.rows", std::to_string(*facts.rows));
  if (facts.total_rows) {
    metadata->Append("bowshot.total_rows", std::to_string(*facts.total_rows));
  }
  return metadata;
}

/// Types that some readers (JavaScript's above all) do not know: the protocol never sends them.
bool is_sendable(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::LIST_VIEW:
    case arrow::Type::LARGE_LIST_VIEW:
    case arrow::Type::RUN_END_ENCODED:
      return false;
    default:
      break;
  }
  for (const auto& field : type.fields()) {
    if (!is_sendable(*field->type())) return false;
  }
  return true;
}

bool same_dictionary(const std::shared_ptr<arrow::Array>& left,
                     const std::shared_ptr<arrow::Array>& right) {
  if (left == right) return true;
  const arrow::ArrayData& a = *left->data();
  const arrow::ArrayData& b = *right->data();
  if (a.buffers == b.buffers && a.offset == b.offset && a.length == b.length) return true;
  return left->Equals(right);
}

arrow::Result<std::shared_ptr<arrow::util::Codec>> make_codec(ArrowCodec codec) {
  const auto type =
      codec == ArrowCodec::kZstd ? arrow::Compression::ZSTD : arrow::Compression::LZ4_FRAME;
  ARROW_ASSIGN_OR_RAISE(auto made, arrow::util::Codec::Create(type));
  return std::shared_ptr<arrow::util::Codec>(std::move(made));
}

}  // namespace

/// Collects pieces; short ones are copied together.
struct ArrowStreamEncoder::Pieces {
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

ArrowStreamEncoder::ArrowStreamEncoder(ArrowCodec codec) : codec_(codec) {
  // An answer has one thread: compression does not spread to Arrow's pool, where the codecs of
  // many answers would compete with readers.
  plain_.use_threads = false;
  compressed_.use_threads = false;
}

ArrowStreamEncoder::~ArrowStreamEncoder() = default;

Result<ByteList> ArrowStreamEncoder::begin(const std::shared_ptr<arrow::Schema>& schema,
                                           const AnswerFacts& facts) {
  for (const auto& field : schema->fields()) {
    if (!is_sendable(*field->type())) {
      return fail(ErrorCode::kInternal, "type " + field->type()->ToString() + " is never sent");
    }
  }
  if (codec_ != ArrowCodec::kNone) {
    BOWSHOT_ASSIGN(compressed_.codec, from_arrow(make_codec(codec_)));
  }
  schema_ = schema;
  mapper_ = std::make_unique<arrow::ipc::DictionaryFieldMapper>(*schema);
  const auto described = schema->WithMetadata(facts_metadata(facts));
  arrow::ipc::IpcPayload payload;
  BOWSHOT_TRY(from_arrow(arrow::ipc::GetSchemaPayload(*described, plain_, *mapper_, &payload)));
  Pieces out;
  out.add(payload);
  raw_bytes_ += arrow::ipc::GetPayloadSize(payload, plain_);
  return out.take();
}

Result<ByteList> ArrowStreamEncoder::batch(const std::shared_ptr<arrow::RecordBatch>& batch) {
  BOWSHOT_DCHECK(batch->schema()->Equals(*schema_, /*check_metadata=*/false));
  Pieces out;
  BOWSHOT_TRY(add_dictionaries(*batch, out));
  BOWSHOT_TRY(add_message(
      [&](const arrow::ipc::IpcWriteOptions& options, arrow::ipc::IpcPayload* payload) {
        return arrow::ipc::GetRecordBatchPayload(*batch, options, payload);
      },
      out));
  return out.take();
}

Result<ByteList> ArrowStreamEncoder::end() {
  return ByteList{arrow::Buffer::FromString(std::string(kEndOfStream))};
}

ByteList ArrowStreamEncoder::abort() {
  return {arrow::Buffer::FromString(std::string(kBrokenMessage))};
}

Result<void> ArrowStreamEncoder::add_dictionaries(const arrow::RecordBatch& batch, Pieces& out) {
  BOWSHOT_ASSIGN(const auto dictionaries,
                 from_arrow(arrow::ipc::CollectDictionaries(batch, *mapper_)));
  for (const auto& [id, dictionary] : dictionaries) {
    const auto [written, is_new] = dictionaries_.try_emplace(id, dictionary);
    if (!is_new) {
      if (!same_dictionary(written->second, dictionary)) {
        return fail(ErrorCode::kInternal, "a dictionary changed within one answer");
      }
      continue;
    }
    BOWSHOT_TRY(add_message(
        [id = id, &dictionary = dictionary](const arrow::ipc::IpcWriteOptions& options,
                                            arrow::ipc::IpcPayload* payload) {
          return arrow::ipc::GetDictionaryPayload(id, dictionary, options, payload);
        },
        out));
  }
  return {};
}

template <class Make>
Result<void> ArrowStreamEncoder::add_message(const Make& make, Pieces& out) {
  arrow::ipc::IpcPayload payload;
  BOWSHOT_TRY(from_arrow(make(plain_, &payload)));
  raw_bytes_ += arrow::ipc::GetPayloadSize(payload, plain_);
  if (compressed_.codec && raw_bytes_ >= kCompressBytesMin) {
    payload = {};
    BOWSHOT_TRY(from_arrow(make(compressed_, &payload)));
  }
  out.add(payload);
  return {};
}

}  // namespace bowshot
