#include "encode/encoder.hpp"

#include <arrow/buffer.h>

#include "encode/arrow_file.hpp"
#include "encode/arrow_stream.hpp"
#include "encode/csv.hpp"
#include "encode/json.hpp"
#include "encode/negotiation.hpp"
#include "encode/parquet.hpp"

namespace bowshot {

int64_t byte_count(const ByteList& bytes) {
  int64_t count = 0;
  for (const auto& piece : bytes) count += piece->size();
  return count;
}

AnswerFacts facts_of(const Answer& answer) {
  return {.version = answer.plan->dataset->version(),
          .completeness = answer.completeness,
          .rows = answer.rows,
          .total_rows = answer.total_rows,
          .population = answer.population};
}

Result<std::unique_ptr<Encoder>> make_encoder(Format format, ArrowCodec codec) {
  switch (format) {
    case Format::kArrow:
      return std::make_unique<ArrowStreamEncoder>(codec);
    case Format::kCsv:
      return std::make_unique<CsvEncoder>();
    case Format::kJson:
      return std::make_unique<JsonEncoder>();
    case Format::kNdjson:
      return std::make_unique<NdjsonEncoder>();
    case Format::kArrowFile:
      return std::make_unique<ArrowFileEncoder>(codec);
    case Format::kParquet:
      return std::make_unique<ParquetEncoder>();
    case Format::kPng:
    case Format::kWebp:
      break;
  }
  return fail({.code = ErrorCode::kBadParameter,
               .detail = "format " + std::string(format_name(format)) + " is not served yet",
               .parameter = "format"});
}

}  // namespace bowshot
