#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "source/publish/table_body.hpp"

namespace bowshot {

/// A body as Arrow's stream reader wants it. What a message claims of its length is believed only
/// as far as bytes come.
class BodyInput : public arrow::io::InputStream {
 public:
  explicit BodyInput(BodyChunks chunks) : chunks_(std::move(chunks)) {}

  arrow::Result<int64_t> Read(int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override;
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }

  /// Whether a read asked for more than there was.
  bool has_run_dry() const { return has_run_dry_; }
  /// Why the body itself failed, where it did.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  /// Up to `bytes`; fewer at the end only.
  arrow::Result<std::string> take(int64_t bytes);

  const BodyChunks chunks_;
  std::string chunk_;
  size_t chunk_position_ = 0;
  int64_t position_ = 0;
  bool has_ended_ = false;
  bool has_run_dry_ = false;
  std::optional<Error> failure_;
};

}  // namespace bowshot
