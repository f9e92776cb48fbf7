#include "encode/body.hpp"

#include <arrow/api.h>
#include <arrow/util/compression.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/limits.hpp"
#include "encode/test_batches.hpp"

namespace bowshot {
namespace {

using Clock = std::chrono::steady_clock;

Clock::time_point standing_clock() {
  return {};
}

Negotiated json_with(ContentCoding coding) {
  return {.format = Format::kJson, .coding = coding, .media_type = "application/json"};
}

std::vector<BatchPtr> counting_batches(const std::vector<int64_t>& rows) {
  std::vector<BatchPtr> batches;
  int64_t first = 0;
  for (const int64_t count : rows) {
    batches.push_back(counting_batch(first, count));
    first += count;
  }
  return batches;
}

std::unique_ptr<Body> body_of(const Negotiated& negotiated, std::vector<BatchPtr> batches,
                              Body::Options options = {.clock = standing_clock},
                              std::optional<Error> failure = std::nullopt, int* calls = nullptr) {
  const auto schema = batches.empty() ? counting_batch(0, 0)->schema() : batches[0]->schema();
  auto stream =
      std::make_unique<FixedStream>(schema, std::move(batches), std::move(failure), calls);
  return Body::make(negotiated, {.version = "v"}, std::move(stream), std::move(options)).value();
}

std::string drain(Body& body) {
  std::string out;
  for (;;) {
    const ByteList bytes = body.next().value();
    if (bytes.empty()) return out;
    out += text_of(bytes);
  }
}

/// What a client that knows the coding reads: by Arrow's own decoders, zlib's for gzip.
std::string decompress(ContentCoding coding, const std::string& bytes) {
  const auto type = coding == ContentCoding::kZstd     ? arrow::Compression::ZSTD
                    : coding == ContentCoding::kBrotli ? arrow::Compression::BROTLI
                                                       : arrow::Compression::GZIP;
  auto codec = arrow::util::Codec::Create(type).ValueOrDie();
  auto decompressor = codec->MakeDecompressor().ValueOrDie();
  std::string out;
  size_t at = 0;
  std::string step(1 << 16, '\0');
  for (;;) {
    const auto done =
        decompressor
            ->Decompress(static_cast<int64_t>(bytes.size() - at),
                         reinterpret_cast<const uint8_t*>(bytes.data()) + at,
                         static_cast<int64_t>(step.size()), reinterpret_cast<uint8_t*>(step.data()))
            .ValueOrDie();
    at += done.bytes_read;
    out.append(step, 0, done.bytes_written);
    if (done.bytes_read == 0 && done.bytes_written == 0) return out;
  }
}

class EveryCoding : public testing::TestWithParam<ContentCoding> {};
INSTANTIATE_TEST_SUITE_P(Body, EveryCoding,
                         testing::Values(ContentCoding::kZstd, ContentCoding::kBrotli,
                                         ContentCoding::kGzip),
                         [](const auto& param) {
                           return std::string(content_coding_name(param.param));
                         });

TEST_P(EveryCoding, ALongAnswerIsCodedAndReadsTheSame) {
  const auto batches = counting_batches({5'000, 70'000, 3});
  auto plain = body_of(json_with(ContentCoding::kIdentity), batches);
  auto coded = body_of(json_with(GetParam()), batches);
  const std::string expected = drain(*plain);
  const std::string bytes = drain(*coded);
  EXPECT_EQ(coded->coding(), GetParam());
  EXPECT_FALSE(coded->content_length());
  EXPECT_LT(bytes.size(), expected.size() / 2);
  EXPECT_EQ(decompress(GetParam(), bytes), expected);
  EXPECT_EQ(coded->rows(), 75'003);
}

TEST_P(EveryCoding, EachPieceReadsByItself) {
  auto body = body_of(json_with(GetParam()), counting_batches({4'096, 4'096}));
  const std::string first = decompress(GetParam(), text_of(body->next().value()));
  EXPECT_TRUE(first.ends_with("\n[4095]")) << first.substr(first.size() - 20);
}

TEST_P(EveryCoding, AnAnswerBelow16KiBIsNotCoded) {
  auto body = body_of(json_with(GetParam()), counting_batches({5, 10, 20}));
  const std::string bytes = text_of(body->next().value());
  EXPECT_EQ(body->coding(), ContentCoding::kIdentity);
  EXPECT_EQ(body->content_length(), std::ssize(bytes));
  EXPECT_TRUE(bytes.ends_with("[34]\n]}\n"));
  EXPECT_TRUE(body->next().value().empty());
}

TEST_P(EveryCoding, SmallFirstBatchesAreHeldUntil16KiB) {
  // Below 16 KiB the clock stands still: as long as the rows come fast, they are held together.
  auto body = body_of(json_with(GetParam()), counting_batches({5, 40'000, 5}));
  const std::string bytes = drain(*body);
  EXPECT_EQ(body->coding(), GetParam());
  EXPECT_TRUE(decompress(GetParam(), bytes).ends_with("[40009]\n]}\n"));
}

TEST_P(EveryCoding, ASlowAnswerIsNotHeldAndNotCoded) {
  auto now = std::make_shared<Clock::time_point>();
  const auto slow = [now] { return *now += std::chrono::milliseconds(200); };
  auto body = body_of(json_with(GetParam()), counting_batches({5, 5, 40'000}), {.clock = slow});
  const std::string first = text_of(body->next().value());
  EXPECT_EQ(body->coding(), ContentCoding::kIdentity);
  EXPECT_FALSE(body->content_length());
  EXPECT_TRUE(first.ends_with("]")) << first;
  EXPECT_TRUE((first + drain(*body)).ends_with("[40009]\n]}\n"));
}

TEST(Body, TheFirstBatchLeavesAtOnceWithoutACoding) {
  int calls = 0;
  auto body = body_of({.format = Format::kArrow}, counting_batches({5, 5}),
                      {.clock = standing_clock}, std::nullopt, &calls);
  ASSERT_TRUE(body->next());
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(body->content_length());
}

TEST(Body, TheLengthIsKnownWhenTheRowsAre) {
  auto body = body_of({.format = Format::kArrow}, counting_batches({5}),
                      {.rows_max = 5, .clock = standing_clock});
  const int64_t bytes = byte_count(body->next().value());
  EXPECT_EQ(body->content_length(), bytes);
  EXPECT_TRUE(body->next().value().empty());
}

TEST(Body, NoRowsHaveALength) {
  for (const Format format : {Format::kArrow, Format::kJson, Format::kCsv, Format::kNdjson}) {
    auto body = body_of({.format = format}, {});
    const int64_t bytes = byte_count(body->next().value());
    EXPECT_EQ(body->content_length(), bytes);
    EXPECT_TRUE(body->next().value().empty());
  }
}

TEST(Body, AnErrorBeforeTheFirstBytesIsTheError) {
  auto body = body_of({.format = Format::kArrow}, {}, {.clock = standing_clock},
                      Error{.code = ErrorCode::kOverflow, .detail = "too much"});
  const auto failed = body->next();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kOverflow);
}

TEST(Body, AnErrorAfterTheFirstBytesIsAborted) {
  for (const ContentCoding coding : {ContentCoding::kIdentity, ContentCoding::kZstd}) {
    auto body = body_of({.format = Format::kArrow, .coding = coding}, counting_batches({4'096, 9}),
                        {.clock = standing_clock},
                        Error{.code = ErrorCode::kVersionChanged, .detail = "changed"});
    std::string bytes = text_of(body->next().value());
    EXPECT_FALSE(body->next());
    bytes += text_of(body->abort());
    if (coding != ContentCoding::kIdentity) bytes = decompress(coding, bytes);
    EXPECT_TRUE(bytes.ends_with(std::string("\xFF\xFF\xFF\xFF\0\1\0\0\0\0\0\0\0\0\0\0", 16)));
  }
}

TEST(Body, LongTextsOfADictionaryDoNotPileUp) {
  const std::string text(1'000, 'x');
  arrow::StringDictionary32Builder builder;
  for (int i = 0; i < 60'000; ++i) ASSERT_TRUE(builder.Append(text).ok());
  std::shared_ptr<arrow::Array> array;
  ASSERT_TRUE(builder.Finish(&array).ok());
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("x", array->type())}),
                                              array->length(), {array});
  auto body = body_of({.format = Format::kCsv}, {batch});
  int64_t sum = 0;
  for (;;) {
    const int64_t bytes = byte_count(body->next().value());
    EXPECT_LE(bytes, 5 << 20);
    if (bytes == 0) break;
    sum += bytes;
  }
  EXPECT_EQ(sum, 3 + 60'000 * 1'002);
}

}  // namespace
}  // namespace bowshot
