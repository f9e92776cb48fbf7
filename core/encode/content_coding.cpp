#include <arrow/buffer.h>
#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.hpp"
#include "encode/negotiation.hpp"

namespace bowshot {
namespace {

// Answers are coded while they are made, by the thread that makes them: the levels are those that
// keep up with a network of half a gigabit a core.
constexpr int kZstdLevel = 1;
constexpr int kBrotliQuality = 2;
constexpr int kBrotliWindowBits = 20;
constexpr int kGzipLevel = 1;
constexpr int kGzipWindowBits = 15 + 16;  // 16: the header and trailer of gzip, not of zlib
constexpr size_t kOutputBytesStep = 64 << 10;

std::unexpected<Error> fail_coding(std::string_view library) {
  return fail(ErrorCode::kOutOfMemory,
              std::string(library) + " could not compress the answer: no memory left");
}

/// Output that grows by steps: a coder writes to free() and reports with add().
class Output {
 public:
  char* free() {
    bytes_.resize(used_ + kOutputBytesStep);
    return bytes_.data() + used_;
  }
  void add(size_t count) { used_ += count; }

  ByteList take() {
    bytes_.resize(used_);
    used_ = 0;
    if (bytes_.empty()) return {};
    return {arrow::Buffer::FromString(std::exchange(bytes_, {}))};
  }

 private:
  std::string bytes_;
  size_t used_ = 0;
};

class IdentityEncoder final : public ContentEncoder {
 public:
  Result<ByteList> write(const ByteList& bytes) override { return bytes; }
  Result<ByteList> finish() override { return ByteList{}; }
};

class ZstdEncoder final : public ContentEncoder {
 public:
  static Result<std::unique_ptr<ContentEncoder>> make() {
    auto encoder = std::make_unique<ZstdEncoder>();
    if (!encoder->context_) return fail_coding("zstd");
    ZSTD_CCtx_setParameter(encoder->context_.get(), ZSTD_c_compressionLevel, kZstdLevel);
    return encoder;
  }

  Result<ByteList> write(const ByteList& bytes) override {
    for (size_t i = 0; i < bytes.size(); ++i) {
      const bool is_last = i + 1 == bytes.size();
      BOWSHOT_TRY(
          feed(bytes[i]->data(), bytes[i]->size(), is_last ? ZSTD_e_flush : ZSTD_e_continue));
    }
    return output_.take();
  }

  Result<ByteList> finish() override {
    BOWSHOT_TRY(feed(nullptr, 0, ZSTD_e_end));
    return output_.take();
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  Result<void> feed(const void* data, size_t size, ZSTD_EndDirective directive) {
    ZSTD_inBuffer input{data, size, 0};
    for (;;) {
      ZSTD_outBuffer output{output_.free(), kOutputBytesStep, 0};
      const size_t left = ZSTD_compressStream2(context_.get(), &output, &input, directive);
      if (ZSTD_isError(left)) return fail_coding("zstd");
      output_.add(output.pos);
      const bool done = directive == ZSTD_e_continue ? input.pos == input.size : left == 0;
      if (done) return {};
    }
  }

  std::unique_ptr<ZSTD_CCtx, Free> context_{ZSTD_createCCtx()};
  Output output_;
};

class BrotliEncoder final : public ContentEncoder {
 public:
  static Result<std::unique_ptr<ContentEncoder>> make() {
    auto encoder = std::make_unique<BrotliEncoder>();
    BrotliEncoderState* state = encoder->state_.get();
    if (!state) return fail_coding("brotli");
    BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, kBrotliQuality);
    BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, kBrotliWindowBits);
    return encoder;
  }

  Result<ByteList> write(const ByteList& bytes) override {
    for (size_t i = 0; i < bytes.size(); ++i) {
      const bool is_last = i + 1 == bytes.size();
      BOWSHOT_TRY(feed(bytes[i]->data(), bytes[i]->size(),
                       is_last ? BROTLI_OPERATION_FLUSH : BROTLI_OPERATION_PROCESS));
    }
    return output_.take();
  }

  Result<ByteList> finish() override {
    BOWSHOT_TRY(feed(nullptr, 0, BROTLI_OPERATION_FINISH));
    return output_.take();
  }

 private:
  struct Free {
    void operator()(BrotliEncoderState* state) const { BrotliEncoderDestroyInstance(state); }
  };

  Result<void> feed(const uint8_t* data, size_t size, BrotliEncoderOperation operation) {
    do {
      auto* next = reinterpret_cast<uint8_t*>(output_.free());
      size_t free_bytes = kOutputBytesStep;
      if (!BrotliEncoderCompressStream(state_.get(), operation, &size, &data, &free_bytes, &next,
                                       nullptr)) {
        return fail_coding("brotli");
      }
      output_.add(kOutputBytesStep - free_bytes);
    } while (size > 0 || BrotliEncoderHasMoreOutput(state_.get()));
    return {};
  }

  std::unique_ptr<BrotliEncoderState, Free> state_{
      BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)};
  Output output_;
};

class GzipEncoder final : public ContentEncoder {
 public:
  GzipEncoder() = default;
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;
  ~GzipEncoder() override { deflateEnd(&stream_); }

  static Result<std::unique_ptr<ContentEncoder>> make() {
    auto encoder = std::make_unique<GzipEncoder>();
    constexpr int kMemoryLevel = 8;  // zlib's default
    if (deflateInit2(&encoder->stream_, kGzipLevel, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      return fail_coding("zlib");
    }
    return encoder;
  }

  Result<ByteList> write(const ByteList& bytes) override {
    for (size_t i = 0; i < bytes.size(); ++i) {
      const bool is_last = i + 1 == bytes.size();
      feed(bytes[i]->data(), bytes[i]->size(), is_last ? Z_SYNC_FLUSH : Z_NO_FLUSH);
    }
    return output_.take();
  }

  Result<ByteList> finish() override {
    feed(nullptr, 0, Z_FINISH);
    return output_.take();
  }

 private:
  void feed(const uint8_t* data, int64_t size, int flush) {
    // zlib counts in 32 bits: what is larger goes in parts.
    constexpr int64_t kPartBytesMax = std::numeric_limits<uInt>::max();
    do {
      const int64_t part = std::min(size, kPartBytesMax);
      feed_part(data, static_cast<uInt>(part), part == size ? flush : Z_NO_FLUSH);
      data += part;
      size -= part;
    } while (size > 0);
  }

  void feed_part(const uint8_t* data, uInt size, int flush) {
    stream_.next_in = const_cast<uint8_t*>(data);  // zlib reads it only
    stream_.avail_in = size;
    do {
      stream_.next_out = reinterpret_cast<uint8_t*>(output_.free());
      stream_.avail_out = kOutputBytesStep;
      const int status = deflate(&stream_, flush);
      BOWSHOT_CHECK(status != Z_STREAM_ERROR);  // only a misuse of ours; Z_BUF_ERROR is no error
      output_.add(kOutputBytesStep - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  z_stream stream_{};
  Output output_;
};

}  // namespace

Result<std::unique_ptr<ContentEncoder>> make_content_encoder(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kIdentity:
      return std::make_unique<IdentityEncoder>();
    case ContentCoding::kZstd:
      return ZstdEncoder::make();
    case ContentCoding::kBrotli:
      return BrotliEncoder::make();
    case ContentCoding::kGzip:
      break;
  }
  return GzipEncoder::make();
}

}  // namespace bowshot
