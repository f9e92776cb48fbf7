#include "bowshot.h"

#include <arrow/c/abi.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstring>
#include <memory>
#include <string>

#include "app.hpp"
#include "config_file.hpp"
#include "encoded_table.hpp"
#include "log.hpp"
#include "memory_pool.hpp"
#include "problem.hpp"
#include "queued_answer.hpp"
#include "transport/http/syntax.hpp"
#include "transport/http/worker_pool.hpp"
#include "version.hpp"

// What C code holds. Its handles are these structs' addresses.

struct bowshot_stop {
  bowshot::StopSource source;
};

struct bowshot_core {
  bowshot_core(std::unique_ptr<bowshot::App> opened, const bowshot::Limits& its_limits)
      : app(std::move(opened)),
        limits(its_limits),
        workers(static_cast<size_t>(its_limits.connections)) {}

  const std::unique_ptr<bowshot::App> app;
  const bowshot::Limits limits;
  bowshot::http::WorkerPool workers;  // run bowshot_handle()
};

struct bowshot_answer {
  bowshot_answer(bool has_body, std::chrono::seconds stalled_reader)
      : queue(
            std::make_shared<bowshot::abi::QueuedAnswer>(has_body, stalled_reader, stop.token())) {}

  bowshot::StopSource stop;
  std::shared_ptr<bowshot::abi::QueuedAnswer> queue;  // shared with the worker
  std::string taken;                                  // what next() gave last
  std::vector<const char*> headers;                   // into the queue's head
};

struct bowshot_body {
  std::unique_ptr<bowshot::abi::EncodedTable> table;
};

namespace bowshot::abi {

namespace {

char* copy_text(const std::string& text) {
  char* const copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

void tell(const Error& error, char** problem) {
  if (problem != nullptr) *problem = copy_text(problem_json(error));
}

/// Runs `function`, which gives a Result; neither an error nor an exception leaves.
template <class Function>
auto guarded(Function&& function, char** problem)
    -> std::optional<typename std::invoke_result_t<Function>::value_type> {
  try {
    auto result = function();
    if (result) return *std::move(result);
    tell(result.error(), problem);
  } catch (const std::exception& exception) {
    tell({.code = ErrorCode::kInternal, .detail = exception.what()}, problem);
  }
  return std::nullopt;
}

struct Done {};  // a value where there is none

/// A PulledAnswer as Arrow's reader: what the C stream interface exports.
class PulledReader : public arrow::RecordBatchReader {
 public:
  explicit PulledReader(std::unique_ptr<PulledAnswer> answer)
      : answer_(std::move(answer)), schema_(answer_->schema()) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    if (!answer_) return arrow::Status::OK();
    auto next = answer_->next();
    if (!next) return arrow::Status::IOError(problem_json(next.error()));
    *batch = *std::move(next);
    if (!*batch) answer_.reset();  // its slot is free as soon as it has ended
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    answer_.reset();
    return arrow::Status::OK();
  }

 private:
  std::unique_ptr<PulledAnswer> answer_;  // until its end
  const std::shared_ptr<arrow::Schema> schema_;
};

std::string facts_json(const AnswerFacts& facts) {
  boost::json::object object;
  object["version"] = facts.version;
  object["completeness"] = completeness_name(facts.completeness);
  if (facts.rows) object["rows"] = *facts.rows;
  if (facts.total_rows) object["total_rows"] = *facts.total_rows;
  if (facts.population) object["population"] = *facts.population;
  return boost::json::serialize(object);
}

std::string_view text_or_nothing(const char* text) {
  return text != nullptr ? text : "";
}

StopToken token_of(const bowshot_stop* stop) {
  return stop != nullptr ? stop->source.token() : StopToken();
}

/// The host's table; it is released, whatever comes of it.
Result<std::shared_ptr<arrow::RecordBatchReader>> take_table(ArrowArrayStream* table) {
  auto batches = arrow::ImportRecordBatchReader(table);
  if (!batches.ok()) return fail(ErrorCode::kBadData, batches.status().message());
  return *std::move(batches);
}

/// A body that another language reads, in pieces.
class ForeignBody : public http::BodyStream {
 public:
  ForeignBody(bowshot_read_body read, void* context) : read_(read), context_(context) {}

  Result<std::string> next() override {
    std::string piece(kPieceBytes, '\0');
    const int64_t count = read_(context_, piece.data(), piece.size());
    if (count < 0 || count > static_cast<int64_t>(piece.size()))
      return fail(ErrorCode::kCancelled, "the body broke off");
    piece.resize(static_cast<size_t>(count));
    return piece;
  }

 private:
  static constexpr size_t kPieceBytes = 256 << 10;
  const bowshot_read_body read_;
  void* const context_;  // the caller's
};

/// All of a body that is no table; `body_too_large` beyond body_bytes.
Result<std::string> read_whole(http::BodyStream& body, int64_t bytes_max) {
  std::string whole;
  while (true) {
    BOWSHOT_ASSIGN(const std::string piece, body.next());
    if (piece.empty()) return whole;
    whole += piece;
    if (static_cast<int64_t>(whole.size()) > bytes_max)
      return fail(ErrorCode::kBodyTooLarge,
                  fmt::format("the body has more than {} bytes (body_bytes)", bytes_max));
  }
}

/// What says who asks, from where: the host has looked at it.
bool is_access_header(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"Origin", "Sec-Fetch-Site", "Authorization",
                                                      "Cookie"};
  return std::ranges::any_of(
      kNames, [&](std::string_view one) { return http::equals_ignoring_case(one, name); });
}

/// The request as a server would have read it, from a peer that may ask anything. Its body is read
/// later.
http::Request make_request(const bowshot_request& foreign) {
  const std::string_view target = foreign.target;
  const size_t query = std::min(target.find('?'), target.size());
  http::Request request;
  request.method = foreign.method;
  request.path = target.substr(0, query);
  request.query = target.substr(std::min(query + 1, target.size()));
  request.host = "localhost";
  request.is_unix_socket = true;  // no Host to check
  for (const char* const* field = foreign.headers; field != nullptr && *field != nullptr;
       field += 2)
    if (!is_access_header(field[0])) request.headers.add(field[0], field[1]);
  return request;
}

void run(App& app, const Limits& limits, http::Request& request,
         std::shared_ptr<http::BodyStream> body, QueuedAnswer& answer, const StopToken& stop) {
  if (body && app.streams_body(request)) {
    request.body_stream = std::move(body);
  } else if (body) {
    auto whole = read_whole(*body, limits.body_bytes);
    if (!whole) {
      http::Headers headers;
      std::string text;
      write_problem(whole.error(), headers, text);
      (void)answer.send(error_info(whole.error().code).status, headers, text);
      return;
    }
    request.body = *std::move(whole);
  }
  app.handle(request, answer, stop);
}

}  // namespace

}  // namespace bowshot::abi

extern "C" {

int32_t bowshot_abi_version(void) {
  return BOWSHOT_ABI_VERSION;
}

const char* bowshot_version(void) {
  return bowshot::kVersion;
}

void bowshot_free(char* text) {
  std::free(text);
}

bowshot_core* bowshot_open(const char* configuration, char** problem) {
  const auto open = [&]() -> bowshot::Result<std::unique_ptr<bowshot_core>> {
    bowshot::choose_memory_pool();
    bowshot::ServeOptions options;
    options.limits = bowshot::Limits::make_default();
    options.cache_directory = bowshot::default_cache_directory();
    BOWSHOT_TRY(bowshot::read_config_text("the configuration", configuration, options));
    bowshot::set_log_level("off");
    BOWSHOT_ASSIGN(auto app, bowshot::App::make(options));
    app->start();
    return std::make_unique<bowshot_core>(std::move(app), options.limits);
  };
  auto core = bowshot::abi::guarded(open, problem);
  return core ? core->release() : nullptr;
}

void bowshot_close(bowshot_core* core) {
  if (core == nullptr) return;
  core->app->stop();
  core->workers.stop();
  delete core;
}

bowshot_stop* bowshot_stop_make(void) {
  return new bowshot_stop;
}

void bowshot_stop_request(bowshot_stop* stop) {
  stop->source.request_stop(bowshot::StopReason::kClientLeft);
}

void bowshot_stop_free(bowshot_stop* stop) {
  delete stop;
}

int32_t bowshot_query(bowshot_core* core, const char* request, bowshot_stop* stop,
                      ArrowArrayStream* out, char** facts, char** problem) {
  out->release = nullptr;
  const auto query = [&]() -> bowshot::Result<bowshot::abi::Done> {
    BOWSHOT_ASSIGN(auto answer, core->app->pull(request, bowshot::abi::token_of(stop)));
    const std::string told = bowshot::abi::facts_json(answer->facts());
    const auto exported = arrow::ExportRecordBatchReader(
        std::make_shared<bowshot::abi::PulledReader>(std::move(answer)), out);
    if (!exported.ok()) return bowshot::fail(bowshot::ErrorCode::kInternal, exported.message());
    if (facts != nullptr) *facts = bowshot::abi::copy_text(told);
    return bowshot::abi::Done{};
  };
  return bowshot::abi::guarded(query, problem) ? 0 : -1;
}

int32_t bowshot_publish(bowshot_core* core, const char* name, ArrowArrayStream* table,
                        bowshot_stop* stop, char** problem) {
  const auto publish = [&]() -> bowshot::Result<bowshot::abi::Done> {
    BOWSHOT_ASSIGN(auto batches, bowshot::abi::take_table(table));
    BOWSHOT_TRY(core->app->publish(name, std::move(batches), bowshot::abi::token_of(stop)));
    return bowshot::abi::Done{};
  };
  return bowshot::abi::guarded(publish, problem) ? 0 : -1;
}

bowshot_body* bowshot_encode(ArrowArrayStream* table, const char* format, const char* accept,
                             const char* accept_encoding, bowshot_stop* stop, char** problem) {
  const auto encode = [&]() -> bowshot::Result<std::unique_ptr<bowshot_body>> {
    BOWSHOT_ASSIGN(auto batches, bowshot::abi::take_table(table));
    BOWSHOT_ASSIGN(auto encoded,
                   bowshot::abi::EncodedTable::make(
                       std::move(batches),
                       {.format_parameter = bowshot::abi::text_or_nothing(format),
                        .accept = bowshot::abi::text_or_nothing(accept),
                        .accept_encoding = bowshot::abi::text_or_nothing(accept_encoding)},
                       bowshot::abi::token_of(stop)));
    return std::make_unique<bowshot_body>(std::move(encoded));
  };
  auto body = bowshot::abi::guarded(encode, problem);
  return body ? body->release() : nullptr;
}

const char* bowshot_body_media_type(const bowshot_body* body) {
  return body->table->body().media_type().c_str();
}

const char* bowshot_body_coding(const bowshot_body* body) {
  return bowshot::content_coding_name(body->table->body().coding()).data();  // a literal
}

int64_t bowshot_body_length(const bowshot_body* body) {
  return body->table->body().content_length().value_or(-1);
}

int64_t bowshot_body_next(bowshot_body* body, const char** bytes, int64_t* last, char** problem) {
  *bytes = nullptr;
  const auto next = [&]() { return body->table->next(); };
  if (const auto piece = bowshot::abi::guarded(next, problem)) {
    *bytes = piece->data();
    return static_cast<int64_t>(piece->size());
  }
  const std::string_view end = body->table->abort();
  *bytes = end.data();
  if (last != nullptr) *last = static_cast<int64_t>(end.size());
  return -1;
}

void bowshot_body_free(bowshot_body* body) {
  delete body;
}

bowshot_answer* bowshot_handle(bowshot_core* core, const bowshot_request* foreign) {
  auto request = bowshot::abi::make_request(*foreign);
  auto answer = std::make_unique<bowshot_answer>(
      request.method != "HEAD", std::chrono::seconds(core->limits.stalled_reader_seconds));
  std::shared_ptr<bowshot::http::BodyStream> body;
  if (foreign->read_body != nullptr)
    body = std::make_shared<bowshot::abi::ForeignBody>(foreign->read_body, foreign->read_context);
  bowshot::http::WorkerPool::Task task = [core, request = std::move(request),
                                          body = std::move(body), queue = answer->queue,
                                          stop = answer->stop.token()]() mutable {
    bowshot::abi::run(*core->app, core->limits, request, std::move(body), *queue, stop);
    queue->leave();
  };
  if (!core->workers.submit(std::move(task))) {
    const bowshot::Error error{
        .code = bowshot::ErrorCode::kOverloaded,
        .detail = fmt::format("{} requests are answered already (connections)",
                              core->limits.connections)};
    bowshot::http::Headers headers;
    std::string text;
    bowshot::write_problem(error, headers, text);
    (void)answer->queue->send(bowshot::error_info(error.code).status, headers, text);
  }
  return answer.release();
}

int32_t bowshot_answer_status(bowshot_answer* answer) {
  return answer->queue->head().status;
}

const char* const* bowshot_answer_headers(bowshot_answer* answer) {
  if (answer->headers.empty()) {
    for (const auto& [name, value] : answer->queue->head().headers.fields()) {
      answer->headers.push_back(name.c_str());
      answer->headers.push_back(value.c_str());
    }
    answer->headers.push_back(nullptr);
  }
  return answer->headers.data();
}

int64_t bowshot_answer_next(bowshot_answer* answer, const char** bytes) {
  auto next = answer->queue->next();
  *bytes = nullptr;
  if (!next) return -1;
  answer->taken = *std::move(next);
  *bytes = answer->taken.data();
  return static_cast<int64_t>(answer->taken.size());
}

void bowshot_answer_stop(bowshot_answer* answer) {
  answer->stop.request_stop(bowshot::StopReason::kClientLeft);
}

void bowshot_answer_free(bowshot_answer* answer) {
  if (answer == nullptr) return;
  answer->stop.request_stop(bowshot::StopReason::kClientLeft);
  delete answer;
}

}  // extern "C"
