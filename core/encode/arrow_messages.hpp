#pragma once

#include <arrow/ipc/options.h>
#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <vector>

#include "encode/encoder.hpp"

namespace arrow::ipc {
struct IpcPayload;
}

namespace bowshot {

/// The messages of Arrow IPC, in order: what its stream and its file format have in common. Column
/// data is pointed at, not copied.
///
/// A dictionary comes whole, before the first batch that needs it, and once: those of datasets
/// never change. An application's own table may bring another with a later batch: where the format
/// allows it, that one is written whole in the place of the first; else it is `bad_data`. With a
/// codec, bodies are compressed from the message on that takes the answer past 16 KiB, so that an
/// answer that ends below is not compressed: in Arrow IPC every message says for itself whether it
/// is.
class ArrowMessages {
 public:
  using Payloads = std::vector<arrow::ipc::IpcPayload>;
  enum class Dictionaries { kReplaceable, kFixed };

  ArrowMessages(ArrowCodec codec, Dictionaries kind);
  ~ArrowMessages();

  /// The schema's message. `schema` must hold types that the protocol sends only.
  Result<Payloads> begin(const std::shared_ptr<arrow::Schema>& schema, const AnswerFacts& facts);
  /// The batch's message, behind those of dictionaries that were not written yet.
  Result<Payloads> batch(const arrow::RecordBatch& batch);

  /// With the facts as metadata; after begin().
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

 private:
  Result<void> add_dictionaries(const arrow::RecordBatch& batch, Payloads& out);
  /// `make(options, payload)` builds one message with the given options.
  template <class Make>
  Result<void> add_message(const Make& make, Payloads& out);

  ArrowCodec codec_;
  Dictionaries kind_;
  arrow::ipc::IpcWriteOptions plain_;
  arrow::ipc::IpcWriteOptions compressed_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<arrow::ipc::DictionaryFieldMapper> mapper_;
  std::map<int64_t, std::shared_ptr<arrow::Array>> dictionaries_;  // written last, by id
  int64_t raw_bytes_ = 0;  // of all messages so far, as if none were compressed
};

/// `schema` with what the protocol puts into its metadata.
std::shared_ptr<arrow::Schema> with_facts(const arrow::Schema& schema, const AnswerFacts& facts);

}  // namespace bowshot
