#pragma once

#include <chrono>
#include <functional>
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
  HttpSink(http::ResponseWriter& writer, http::Headers headers,
           std::chrono::duration<double, std::milli> planning, bool takes_body)
      : writer_(&writer),
        headers_(std::move(headers)),
        planning_(planning),
        takes_body_(takes_body) {}

  Result<void> begin(const AnswerHead& head) override;
  bool takes_body() const override { return takes_body_; }
  Result<void> write(const ByteList& bytes, const std::function<void()>& when_slow) override;
  Result<void> end() override { return writer_->finish(); }
  void abort(const ByteList& last) override;

 private:
  http::ResponseWriter* writer_;  // outlives the sink
  http::Headers headers_;
  std::chrono::duration<double, std::milli> planning_;
  bool takes_body_;
};

/// `attachment; filename="x"; filename*=UTF-8''x`: RFC 6266.
std::string content_disposition(std::string_view file_name);

}  // namespace bowshot
