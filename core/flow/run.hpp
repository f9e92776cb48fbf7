#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/limits.hpp"
#include "base/stop.hpp"
#include "encode/encoder.hpp"
#include "encode/negotiation.hpp"
#include "flow/admission.hpp"
#include "flow/deadlines.hpp"
#include "flow/metrics.hpp"
#include "shape/shapes.hpp"

namespace bowshot {

/// What is known of an answer when its first batch, or its end, is in hand.
struct AnswerHead {
  AnswerFacts facts;
  std::string media_type;
  ContentCoding coding = ContentCoding::kIdentity;
  std::optional<int64_t> body_bytes;  // known when the whole answer is in hand
  std::chrono::duration<double, std::milli> queue{0};
  std::chrono::duration<double, std::milli> first_batch{0};
};

/// Where an answer's bytes go. begin, then write for each piece of the body, then end or abort.
/// A result that is an error means that nobody reads any more.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual Result<void> begin(const AnswerHead& head) = 0;
  /// False: after begin comes end at once, and what has been read of the answer is dropped.
  virtual bool takes_body() const { return true; }
  /// `when_slow` is called, on this thread, when the reader takes nothing for a while; maybe often.
  virtual Result<void> write(const ByteList& bytes, const std::function<void()>& when_slow) = 0;
  virtual Result<void> end() = 0;
  /// After begin: writes `last` and breaks the body off, so that no reader takes it for the whole.
  virtual void abort(const ByteList& last) = 0;
};

/// What every run shares. The members outlive every run.
struct RunContext {
  const Limits* limits;
  const Engines* engines;
  Admission* admission;
  Deadlines* deadlines;
  FlowMetrics* metrics;
};

/// How long a stream lets interactive answers go first, a batch. About what a batch costs to make.
inline constexpr std::chrono::milliseconds kGiveWayMax{10};

/// Counts a run that failed, and says what it is to be told of: where a number overflowed, which
/// limit has passed.
Error count_failure(const RunContext& context, const Plan& plan, Error error);

/// Runs one answer on the calling thread, from the slot to the last byte. An error that comes
/// before sink.begin() is the caller's to tell; after it the sink has been aborted.
/// Errors: `overloaded`, `deadline_exceeded`, `cancelled`, those of the engine and the encoder.
Result<void> run_answer(const RunContext& context, std::shared_ptr<const Plan> plan,
                        const Negotiated& negotiated, AnswerSink& sink, const StopToken& client);

}  // namespace bowshot
