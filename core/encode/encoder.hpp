#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "shape/answer.hpp"

namespace bowshot {

/// Bytes to write, in order, as pieces that are not copied together. Immutable buffers.
using ByteList = std::vector<std::shared_ptr<arrow::Buffer>>;
int64_t byte_count(const ByteList& bytes);

enum class Format { kArrow, kArrowFile, kParquet, kCsv, kJson, kNdjson, kPng, kWebp };
enum class ArrowCodec { kNone, kZstd, kLz4 };

/// What goes into an Arrow schema's metadata: section 5 of protocol/PROTOCOL.md.
struct AnswerFacts {
  std::string version;
  Completeness completeness = Completeness::kExact;
  std::optional<int64_t> rows;
  std::optional<int64_t> total_rows;
  std::optional<int64_t> population;
};

/// The facts of an answer, for its metadata and its headers.
AnswerFacts facts_of(const Answer& answer);

/// Record batches -> bytes of one format. One thread at a time. begin, then batch for each, then
/// end; after an error nothing more.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual Result<ByteList> begin(const std::shared_ptr<arrow::Schema>& schema,
                                 const AnswerFacts& facts) = 0;
  virtual Result<ByteList> batch(const std::shared_ptr<arrow::RecordBatch>& batch) = 0;
  virtual Result<ByteList> end() = 0;
  /// What is written after the first byte when the answer fails: for Arrow a message that never
  /// ends (FFFFFFFF, a length of 256, 8 bytes); for text formats nothing.
  virtual ByteList abort() { return {}; }
};

/// Formats that are not built yet are `bad_parameter`, or `not_acceptable` by Accept: see
/// encode/negotiation.hpp.
Result<std::unique_ptr<Encoder>> make_encoder(Format format, ArrowCodec codec);

/// Slices and joins a stream's batches to what the protocol promises: at most 65,536 rows and about
/// 4 MiB (at least one row), the first at most 4,096 rows; without copies where none are needed.
std::unique_ptr<BatchStream> make_sized_stream(std::unique_ptr<BatchStream> stream);

}  // namespace bowshot
