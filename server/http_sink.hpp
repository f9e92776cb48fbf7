#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "flow/run.hpp"
#include "transport/http/server.hpp"

namespace bowshot {

/// An answer as one HTTP response: its facts as headers, its bytes as the body. Lives as long as
/// the request; `writer` outlives it.
class HttpSink final : public AnswerSink {
 public:
  HttpSink(http::ResponseWriter& writer, http::Headers headers,
           std::chrono::duration<double, std::milli> planning)
      : writer_(&writer), headers_(std::move(headers)), planning_(planning) {}

  /// The answer to HEAD: what is known without running the plan.
  Result<void> head_only(const AnswerFacts& facts);

  Result<void> begin(const AnswerHead& head) override;
  Result<void> write(const ByteList& bytes) override;
  Result<void> end() override { return writer_->finish(); }
  void abort(const ByteList& last) override;

 private:
  http::ResponseWriter* writer_;  // outlives the sink
  http::Headers headers_;
  std::chrono::duration<double, std::milli> planning_;
};

/// `attachment; filename="x"; filename*=UTF-8''x`: RFC 6266.
std::string content_disposition(std::string_view file_name);

}  // namespace bowshot
