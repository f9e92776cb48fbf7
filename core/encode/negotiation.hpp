#pragma once

#include <string>
#include <string_view>

#include "encode/encoder.hpp"
#include "query/request.hpp"

namespace bowshot {

enum class ContentCoding { kIdentity, kZstd, kBrotli, kGzip };
std::string_view content_coding_name(ContentCoding coding);  // identity zstd br gzip

/// What the client says of the bytes it wants.
struct Preferences {
  std::string_view format_parameter;  // empty: not given
  std::string_view accept;            // the header, several joined by ", "; empty: not sent
  std::string_view accept_encoding;
  bool is_same_machine = false;  // a loopback or Unix-domain peer
};

struct Negotiated {
  Format format = Format::kArrow;
  ArrowCodec codec = ArrowCodec::kNone;
  ContentCoding coding = ContentCoding::kIdentity;  // applied only when the answer passes 16 KiB
  std::string media_type;                           // with codecs= where a codec was chosen
};

/// Section 5 of protocol/PROTOCOL.md. `bad_parameter` for a `format` that is unknown or not served
/// yet; `not_acceptable` for a picture of a shape that has none, and where Accept takes nothing.
/// What a browser sends for a page (`text/html,...,*/*;q=0.8`) means Arrow, by its `*/*`. No Accept
/// header, or one without a single well-formed range, means Arrow.
Result<Negotiated> negotiate(Shape shape, const Preferences& preferences);

/// Its name as the value of `format`: `arrow`, `csv`.
std::string_view format_name(Format format);
/// The file extension of a format, `.arrows`, `.csv`, for downloads without one.
std::string_view format_extension(Format format);

/// Wraps an encoder's bytes in a content coding (zstd, br, gzip), flushed after every batch so that
/// a reader sees rows as they come. Identity returns `bytes` unchanged.
class ContentEncoder {
 public:
  virtual ~ContentEncoder() = default;
  virtual Result<ByteList> write(const ByteList& bytes) = 0;
  virtual Result<ByteList> finish() = 0;
};
Result<std::unique_ptr<ContentEncoder>> make_content_encoder(ContentCoding coding);

}  // namespace bowshot
