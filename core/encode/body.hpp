#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "encode/encoder.hpp"
#include "encode/negotiation.hpp"
#include "encode/sized_stream.hpp"

namespace bowshot {

/// The body of one answer: batches, sized, encoded and coded, pulled piece by piece.
///
///   auto body = Body::make(negotiated, facts_of(answer), std::move(answer.stream), {});
///   auto bytes = (*body)->next();  // an error here is still a problem+json
///   ... send the head: (*body)->media_type(), coding(), content_length() ...
///   while (bytes && !bytes->empty()) { write(*bytes); bytes = (*body)->next(); }
///   if (!bytes) write((*body)->abort());  // and reset the connection
///
/// The head leaves with the first bytes, and so what it says is decided in the first next():
/// - Where the answer ends with its first batch (by `rows_max`, without waiting), all of it is in
///   hand: it has a content length.
/// - Where a content coding was negotiated, the answer's first bytes are held until they pass
///   16 KiB (coded), the answer ends (below 16 KiB: not coded), or kHoldTimeMax has passed when
///   more rows come (not coded: an answer this slow is not made faster by smaller bytes, and its
///   rows are not to wait). So an answer that ends before 16 KiB is never compressed.
/// - Else the first batch leaves at once. (An Arrow codec decides message by message: see
///   ArrowStreamEncoder; a content coding and a codec never meet.)
///
/// One thread at a time. Destroying it stops the query below.
class Body {
 public:
  /// How long the first bytes are held for the decision of the coding.
  static constexpr std::chrono::milliseconds kHoldTimeMax{250};

  struct Options {
    /// The answer has at most so many rows, where known: `limit`, or the facts' `rows`.
    std::optional<int64_t> rows_max = {};
    SteadyClock clock = &std::chrono::steady_clock::now;
  };

  static Result<std::unique_ptr<Body>> make(const Negotiated& negotiated, AnswerFacts facts,
                                            std::unique_ptr<BatchStream> stream, Options options);

  /// The next bytes to write; empty at the end. After an error nothing more but abort().
  Result<ByteList> next();

  /// What to write when the answer fails after its first bytes.
  ByteList abort();

  /// As BatchStream::rest().
  void rest() { stream_->rest(); }

  // After the first next():
  const std::string& media_type() const { return negotiated_.media_type; }
  ContentCoding coding() const { return coding_; }
  std::optional<int64_t> content_length() const { return content_length_; }

  /// Rows encoded so far.
  int64_t rows() const { return rows_; }

 private:
  Body(const Negotiated& negotiated, AnswerFacts facts, std::unique_ptr<Encoder> encoder,
       std::unique_ptr<BatchStream> stream, Options options);

  Result<ByteList> first_bytes();
  /// Appends the encoding of the next rows, or of the end; sets ended_.
  Result<void> append_rows(ByteList& out);
  Result<ByteList> code(ByteList bytes);

  Negotiated negotiated_;
  AnswerFacts facts_;
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<BatchStream> stream_;
  Options options_;
  ContentCoding coding_ = ContentCoding::kIdentity;
  std::unique_ptr<ContentEncoder> coder_;
  std::optional<int64_t> content_length_;
  std::shared_ptr<arrow::RecordBatch> rest_;  // rows not encoded yet
  int64_t rows_ = 0;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace bowshot
