#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "flow/run.hpp"
#include "transport/http/server.hpp"

namespace bowshot {

/// An answer as one HTTP response: its facts as headers, its bytes as the body. Lives as long as
/// the request; `writer` outlives it.
class HttpSink final : public AnswerSink {
 public:
  /// `takes_body` is false for HEAD: the headers are those of GET, known when its body would begin.
  /// `before_last_bytes` is called once all else has been written: who has read the whole answer
  /// may ask at once what became of it.
  HttpSink(http::ResponseWriter& writer, http::Headers headers,
           std::chrono::duration<double, std::milli> planning, bool takes_body,
           std::function<void()> before_last_bytes)
      : writer_(&writer),
        headers_(std::move(headers)),
        planning_(planning),
        takes_body_(takes_body),
        before_last_bytes_(std::move(before_last_bytes)) {}

  Result<void> begin(const AnswerHead& head) override;
  bool takes_body() const override { return takes_body_; }
  Result<void> write(const ByteList& bytes, const std::function<void()>& when_slow) override;
  Result<void> end() override;
  void abort(const ByteList& last) override;

 private:
  http::ResponseWriter* writer_;  // outlives the sink
  http::Headers headers_;
  std::chrono::duration<double, std::milli> planning_;
  bool takes_body_;
  std::function<void()> before_last_bytes_;  // empty once called
  std::optional<int64_t> body_bytes_left_;   // of a body whose length is known
};

/// `attachment; filename="x"; filename*=UTF-8''x`: RFC 6266.
std::string content_disposition(std::string_view file_name);

}  // namespace bowshot
