#include "encode/body.hpp"

#include <arrow/record_batch.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/limits.hpp"

namespace bowshot {
namespace {

/// Text is made in steps of so many rows: a dictionary's code of 4 bytes may be long as text, so
/// that a batch's bytes say little of its text's.
constexpr int64_t kTextRowsMax = 4'096;

bool is_text(Format format) {
  return format == Format::kCsv || format == Format::kJson || format == Format::kNdjson;
}

void append(ByteList more, ByteList& out) {
  out.insert(out.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

}  // namespace

Body::Body(const Negotiated& negotiated, AnswerFacts facts, std::unique_ptr<Encoder> encoder,
           std::unique_ptr<BatchStream> stream, Options options)
    : negotiated_(negotiated),
      facts_(std::move(facts)),
      encoder_(std::move(encoder)),
      stream_(std::move(stream)),
      options_(std::move(options)) {}

Result<std::unique_ptr<Body>> Body::make(const Negotiated& negotiated, AnswerFacts facts,
                                         std::unique_ptr<BatchStream> stream, Options options) {
  BOWSHOT_ASSIGN(auto encoder, make_encoder(negotiated.format, negotiated.codec));
  if (facts.rows) options.rows_max = std::min(*facts.rows, options.rows_max.value_or(*facts.rows));
  auto sized = make_sized_stream(std::move(stream), options.clock);
  return std::unique_ptr<Body>(new Body(negotiated, std::move(facts), std::move(encoder),
                                        std::move(sized), std::move(options)));
}

Result<ByteList> Body::next() {
  if (!begun_) {
    begun_ = true;
    return first_bytes();
  }
  // A coder may keep all that it was given, and empty bytes would mean the end: so go on.
  ByteList out;
  while (out.empty() && !ended_) {
    ByteList bytes;
    BOWSHOT_TRY(append_rows(bytes));
    BOWSHOT_ASSIGN(out, code(std::move(bytes)));
  }
  return out;
}

ByteList Body::abort() {
  ByteList bytes = encoder_->abort();
  if (!coder_) return bytes;
  return coder_->write(bytes).value_or(ByteList{});
}

Result<ByteList> Body::first_bytes() {
  BOWSHOT_ASSIGN(ByteList bytes, encoder_->begin(stream_->schema(), facts_));
  BOWSHOT_TRY(append_rows(bytes));
  // At the last row the end is asked for at once: the stream has nothing left to compute.
  while (!ended_ && rows_ == options_.rows_max) BOWSHOT_TRY(append_rows(bytes));

  const bool wants_coding = negotiated_.coding != ContentCoding::kIdentity;
  const auto deadline = options_.clock() + kHoldTimeMax;
  while (wants_coding && !ended_ && byte_count(bytes) < kCompressBytesMin &&
         options_.clock() < deadline) {
    BOWSHOT_TRY(append_rows(bytes));
  }
  if (wants_coding && byte_count(bytes) >= kCompressBytesMin) {
    coding_ = negotiated_.coding;
    BOWSHOT_ASSIGN(coder_, make_content_encoder(coding_));
    BOWSHOT_ASSIGN(bytes, code(std::move(bytes)));
  }
  if (ended_) content_length_ = byte_count(bytes);
  return bytes;
}

Result<void> Body::append_rows(ByteList& out) {
  if (!rest_) {
    BOWSHOT_ASSIGN(rest_, stream_->next());
  }
  if (!rest_) {
    ended_ = true;
    BOWSHOT_ASSIGN(auto bytes, encoder_->end());
    append(std::move(bytes), out);
    return {};
  }
  auto batch = std::exchange(rest_, nullptr);
  if (is_text(negotiated_.format) && batch->num_rows() > kTextRowsMax) {
    rest_ = batch->Slice(kTextRowsMax);
    batch = batch->Slice(0, kTextRowsMax);
  }
  BOWSHOT_ASSIGN(auto bytes, encoder_->batch(batch));
  rows_ += batch->num_rows();
  append(std::move(bytes), out);
  return {};
}

Result<ByteList> Body::code(ByteList bytes) {
  if (!coder_) return bytes;
  BOWSHOT_ASSIGN(auto coded, coder_->write(bytes));
  if (ended_) {
    BOWSHOT_ASSIGN(auto last, coder_->finish());
    append(std::move(last), coded);
  }
  return coded;
}

}  // namespace bowshot
