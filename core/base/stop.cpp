#include "base/stop.hpp"

namespace bowshot {

Error StopToken::error() const {
  switch (reason()) {
    case StopReason::kDeadline:
      return {.code = ErrorCode::kDeadlineExceeded,
              .detail = "the first batch was not ready within first_batch_seconds"};
    case StopReason::kShutdown:
      return {.code = ErrorCode::kNotReady, .detail = "the server is shutting down"};
    case StopReason::kClientLeft:
    case StopReason::kNone:
      break;
  }
  return {.code = ErrorCode::kCancelled, .detail = "the client left"};
}

void StopSource::request_stop(StopReason reason) {
  StopReason none = StopReason::kNone;
  state_->reason.compare_exchange_strong(none, reason);
  state_->source.request_stop();
}

}  // namespace bowshot
