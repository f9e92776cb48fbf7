#include "encode/arrow_messages.hpp"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>

#include <string>
#include <utility>

#include "base/limits.hpp"
#include "encode/arrow_status.hpp"

namespace bowshot {
namespace {

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

std::shared_ptr<arrow::Schema> with_facts(const arrow::Schema& schema, const AnswerFacts& facts) {
  auto metadata = std::make_shared<arrow::KeyValueMetadata>();
  metadata->Append("bowshot.version", facts.version);
  metadata->Append("bowshot.completeness", std::string(completeness_name(facts.completeness)));
  if (facts.rows) metadata->Append("bowshot.rows", std::to_string(*facts.rows));
  if (facts.total_rows) {
    metadata->Append("bowshot.total_rows", std::to_string(*facts.total_rows));
  }
  if (facts.population) {
    metadata->Append("bowshot.population", std::to_string(*facts.population));
  }
  return schema.WithMetadata(std::move(metadata));
}

ArrowMessages::ArrowMessages(ArrowCodec codec, Dictionaries kind) : codec_(codec), kind_(kind) {
  // An answer has one thread: compression does not spread to Arrow's pool, where the codecs of
  // many answers would compete with readers.
  plain_.use_threads = false;
  compressed_.use_threads = false;
}

ArrowMessages::~ArrowMessages() = default;

Result<ArrowMessages::Payloads> ArrowMessages::begin(const std::shared_ptr<arrow::Schema>& schema,
                                                     const AnswerFacts& facts) {
  for (const auto& field : schema->fields()) {
    if (!is_sendable(*field->type())) {
      return fail(ErrorCode::kInternal, "type " + field->type()->ToString() + " is never sent");
    }
  }
  if (codec_ != ArrowCodec::kNone) {
    BOWSHOT_ASSIGN(compressed_.codec, from_arrow(make_codec(codec_)));
  }
  schema_ = with_facts(*schema, facts);
  mapper_ = std::make_unique<arrow::ipc::DictionaryFieldMapper>(*schema);
  Payloads out(1);
  BOWSHOT_TRY(from_arrow(arrow::ipc::GetSchemaPayload(*schema_, plain_, *mapper_, &out[0])));
  raw_bytes_ += arrow::ipc::GetPayloadSize(out[0], plain_);
  return out;
}

Result<ArrowMessages::Payloads> ArrowMessages::batch(const arrow::RecordBatch& batch) {
  Payloads out;
  BOWSHOT_TRY(add_dictionaries(batch, out));
  BOWSHOT_TRY(add_message(
      [&](const arrow::ipc::IpcWriteOptions& options, arrow::ipc::IpcPayload* payload) {
        return arrow::ipc::GetRecordBatchPayload(batch, options, payload);
      },
      out));
  return out;
}

Result<void> ArrowMessages::add_dictionaries(const arrow::RecordBatch& batch, Payloads& out) {
  BOWSHOT_ASSIGN(const auto dictionaries,
                 from_arrow(arrow::ipc::CollectDictionaries(batch, *mapper_)));
  for (const auto& [id, dictionary] : dictionaries) {
    const auto [written, is_new] = dictionaries_.try_emplace(id, dictionary);
    if (!is_new) {
      if (same_dictionary(written->second, dictionary)) continue;
      if (kind_ == Dictionaries::kFixed) {
        return fail(ErrorCode::kBadData,
                    "a dictionary changes between batches: an Arrow file holds one a column");
      }
      written->second = dictionary;
    }
    BOWSHOT_TRY(add_message(
        [id, &dictionary](const arrow::ipc::IpcWriteOptions& options,
                          arrow::ipc::IpcPayload* payload) {
          return arrow::ipc::GetDictionaryPayload(id, dictionary, options, payload);
        },
        out));
  }
  return {};
}

template <class Make>
Result<void> ArrowMessages::add_message(const Make& make, Payloads& out) {
  arrow::ipc::IpcPayload payload;
  BOWSHOT_TRY(from_arrow(make(plain_, &payload)));
  raw_bytes_ += arrow::ipc::GetPayloadSize(payload, plain_);
  if (compressed_.codec && raw_bytes_ >= kCompressBytesMin) {
    payload = {};
    BOWSHOT_TRY(from_arrow(make(compressed_, &payload)));
  }
  out.push_back(std::move(payload));
  return {};
}

}  // namespace bowshot
