#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/stop.hpp"
#include "encode/body.hpp"
#include "encode/negotiation.hpp"

namespace bowshot::abi {

/// A table of the host's as the bytes of an answer. One thread at a time.
class EncodedTable {
 public:
  /// Waits for the first bytes. Errors: `bad_parameter`, `not_acceptable`, `bad_data`.
  static Result<std::unique_ptr<EncodedTable>> make(
      std::shared_ptr<arrow::RecordBatchReader> batches, const Preferences& preferences,
      const StopToken& stop);

  /// The head's facts, and the body: see Body.
  const Body& body() const { return *body_; }
  /// The next bytes, as one piece that lives until the next call; empty at the end.
  Result<std::string_view> next();
  /// What is sent last when the table fails.
  std::string_view abort();

 private:
  EncodedTable() = default;
  std::string_view join(ByteList bytes);

  std::unique_ptr<Body> body_;
  ByteList first_;  // until it is taken
  bool has_first_ = true;
  ByteList shown_;      // what next() gave last, where it is one piece
  std::string joined_;  // where it is several
};

}  // namespace bowshot::abi
