#pragma once

#include <arrow/ipc/options.h>
#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string_view>

#include "encode/encoder.hpp"

namespace bowshot {

/// The Arrow IPC streaming format as scatter lists: column data is pointed at, not copied; what is
/// small (message heads, paddings, short buffers) is gathered into few pieces.
///
/// Dictionaries are written whole, once, before the first batch; a batch with another dictionary is
/// an error of ours (`internal`). With a codec, bodies are compressed from the message on that
/// takes the answer past 16 KiB, so that an answer that ends below is not compressed: in Arrow IPC
/// every message says for itself whether it is.
class ArrowStreamEncoder final : public Encoder {
 public:
  explicit ArrowStreamEncoder(ArrowCodec codec);
  ~ArrowStreamEncoder() override;

  Result<ByteList> begin(const std::shared_ptr<arrow::Schema>& schema,
                         const AnswerFacts& facts) override;
  Result<ByteList> batch(const std::shared_ptr<arrow::RecordBatch>& batch) override;
  Result<ByteList> end() override;
  ByteList abort() override;

 private:
  struct Pieces;

  Result<void> add_dictionaries(const arrow::RecordBatch& batch, Pieces& out);
  /// `make(options, payload)` builds one message with the given options.
  template <class Make>
  Result<void> add_message(const Make& make, Pieces& out);

  ArrowCodec codec_;
  arrow::ipc::IpcWriteOptions plain_;
  arrow::ipc::IpcWriteOptions compressed_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<arrow::ipc::DictionaryFieldMapper> mapper_;
  std::map<int64_t, std::shared_ptr<arrow::Array>> dictionaries_;  // written so far, by id
  int64_t raw_bytes_ = 0;  // of all messages so far, as if none were compressed
};

}  // namespace bowshot
