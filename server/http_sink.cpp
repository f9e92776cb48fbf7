#include "http_sink.hpp"

#include <arrow/buffer.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

namespace bowshot {

namespace {

std::vector<std::string_view> pieces_of(const ByteList& bytes) {
  std::vector<std::string_view> pieces;
  pieces.reserve(bytes.size());
  for (const auto& buffer : bytes)
    pieces.emplace_back(reinterpret_cast<const char*>(buffer->data()),
                        static_cast<size_t>(buffer->size()));
  return pieces;
}

void set_facts(const AnswerFacts& facts, http::Headers& headers) {
  headers.set("Bowshot-Version", facts.version);
  headers.set("Bowshot-Completeness", std::string(completeness_name(facts.completeness)));
  if (facts.rows) headers.set("Bowshot-Rows", std::to_string(*facts.rows));
  if (facts.total_rows) headers.set("Bowshot-Total-Rows", std::to_string(*facts.total_rows));
  if (facts.population) headers.set("Bowshot-Population", std::to_string(*facts.population));
}

}  // namespace

Result<void> HttpSink::begin(const AnswerHead& head) {
  set_facts(head.facts, headers_);
  headers_.set("Content-Type", head.media_type);
  if (head.coding != ContentCoding::kIdentity)
    headers_.set("Content-Encoding", std::string(content_coding_name(head.coding)));
  headers_.set("Server-Timing",
               fmt::format("queue;dur={:.2f}, plan;dur={:.2f}, first_batch;dur={:.2f}",
                           head.queue.count(), planning_.count(), head.first_batch.count()));
  body_bytes_left_ = head.body_bytes;
  return writer_->start(200, headers_, head.body_bytes);
}

Result<void> HttpSink::write(const ByteList& bytes, const std::function<void()>& when_slow) {
  const std::vector<std::string_view> pieces = pieces_of(bytes);
  if (body_bytes_left_) *body_bytes_left_ -= byte_count(bytes);
  if (body_bytes_left_ == 0 && before_last_bytes_) std::exchange(before_last_bytes_, {})();
  return writer_->write(pieces, when_slow);
}

Result<void> HttpSink::end() {
  if (before_last_bytes_) std::exchange(before_last_bytes_, {})();
  return writer_->finish();
}

void HttpSink::abort(const ByteList& last) {
  const std::vector<std::string_view> pieces = pieces_of(last);
  writer_->abort(pieces);
}

std::string content_disposition(std::string_view file_name) {
  std::string plain;
  std::string encoded;
  for (const char c : file_name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\' && c != '%';
    const bool continues_a_letter = (byte & 0xC0) == 0x80;
    if (!continues_a_letter) plain += is_plain ? c : '_';
    const bool is_token =
        std::isalnum(byte) || std::string_view("!#$&+-.^_`|~").find(c) != std::string_view::npos;
    encoded += is_token ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return fmt::format("attachment; filename=\"{}\"; filename*=UTF-8''{}", plain, encoded);
}

}  // namespace bowshot
