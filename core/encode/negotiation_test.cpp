#include "encode/negotiation.hpp"

#include <gtest/gtest.h>

#include <string>

#include "encode/accept.hpp"

namespace bowshot {
namespace {

constexpr std::string_view kStream = "application/vnd.apache.arrow.stream";

Result<Negotiated> of(std::string_view format, std::string_view accept,
                      std::string_view accept_encoding = "", bool is_same_machine = true) {
  return negotiate(Shape::kRows, {.format_parameter = format,
                                  .accept = accept,
                                  .accept_encoding = accept_encoding,
                                  .is_same_machine = is_same_machine});
}

std::string format_for(std::string_view accept) {
  const auto negotiated = of("", accept);
  if (!negotiated) return std::string(error_info(negotiated.error().code).name);
  return std::string(format_name(negotiated->format));
}

TEST(Negotiation, AcceptNamesTheFormat) {
  EXPECT_EQ(format_for(""), "arrow");
  EXPECT_EQ(format_for("*/*"), "arrow");
  EXPECT_EQ(format_for("*"), "arrow");
  EXPECT_EQ(format_for("application/*"), "arrow");
  EXPECT_EQ(format_for("text/*"), "csv");
  EXPECT_EQ(format_for("text/csv"), "csv");
  EXPECT_EQ(format_for("TEXT/CSV; Charset=utf-8"), "csv");
  EXPECT_EQ(format_for("application/json"), "json");
  EXPECT_EQ(format_for("application/x-ndjson"), "ndjson");
  EXPECT_EQ(format_for("image/png"), "not_acceptable");
  EXPECT_EQ(format_for("text/html"), "not_acceptable");
  EXPECT_EQ(format_for("application/vnd.apache.parquet"), "parquet");
  EXPECT_EQ(format_for("application/vnd.apache.arrow.file"), "arrow-file");
}

TEST(Negotiation, QualityThenSpecificityThenOrder) {
  EXPECT_EQ(format_for("text/csv;q=0.5, application/json;q=0.9"), "json");
  EXPECT_EQ(format_for("application/json, text/plain, */*"), "json");  // what axios sends
  EXPECT_EQ(format_for("text/csv, application/json"), "csv");
  EXPECT_EQ(format_for("application/json, text/csv"), "json");
  EXPECT_EQ(format_for("*/*, text/csv;q=0.1"), "arrow");
  EXPECT_EQ(format_for("*/*;q=0.1, application/vnd.apache.arrow.stream;q=0"), "json");
  EXPECT_EQ(format_for("*/*;q=0"), "not_acceptable");
  EXPECT_EQ(format_for("text/csv;q=0"), "not_acceptable");
  EXPECT_EQ(format_for("application/*;q=0.2, text/csv;q=0.1"), "arrow");
}

TEST(Negotiation, ABrowsersPageRequestIsArrow) {
  EXPECT_EQ(format_for("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"
                       "image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"),
            "arrow");
}

TEST(Negotiation, MalformedAcceptHarmsNothingElse) {
  EXPECT_EQ(format_for(",,;;, text/csv"), "csv");
  EXPECT_EQ(format_for("nonsense, text/csv;q=oops"), "csv");
  EXPECT_EQ(format_for("nonsense"), "arrow");  // as if it were not sent
  EXPECT_EQ(format_for("text/csv;q=7"), "csv");
  EXPECT_EQ(format_for("text/csv;q=-1"), "not_acceptable");
  EXPECT_EQ(format_for("text/csv;x=\"unclosed, application/json"), "csv");
}

TEST(Negotiation, FormatWins) {
  const auto negotiated = of("csv", "application/json");
  ASSERT_TRUE(negotiated);
  EXPECT_EQ(negotiated->format, Format::kCsv);
  EXPECT_EQ(negotiated->media_type, "text/csv; charset=utf-8");
  EXPECT_EQ(of("json", "image/png")->format, Format::kJson);
}

TEST(Negotiation, FormatsThatAreNotThere) {
  const auto unknown = of("arow", "");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kBadParameter);
  EXPECT_EQ(unknown.error().parameter, "format");
  EXPECT_EQ(unknown.error().suggestions, std::vector<std::string>{"arrow"});
  EXPECT_EQ(of("png", "").error().code, ErrorCode::kNotAcceptable);
  EXPECT_EQ(of("webp", "").error().code, ErrorCode::kNotAcceptable);
  EXPECT_EQ(of("ARROW", "").error().code, ErrorCode::kBadParameter);  // names are case-sensitive
}

std::string media_type_for(std::string_view accept, std::string_view format = "") {
  return of(format, accept)->media_type;
}

TEST(Negotiation, TheFirstCodecThatWeHave) {
  const std::string stream(kStream);
  EXPECT_EQ(media_type_for(stream), stream);
  EXPECT_EQ(media_type_for(stream + "; codecs=\"zstd, lz4\""), stream + "; codecs=zstd");
  EXPECT_EQ(media_type_for(stream + ";codecs=\"lz4,zstd\""), stream + "; codecs=lz4");
  EXPECT_EQ(media_type_for(stream + ";codecs=zstd"), stream + "; codecs=zstd");
  EXPECT_EQ(media_type_for(stream + ";codecs=lz4, zstd"), stream + "; codecs=lz4");
  EXPECT_EQ(media_type_for(stream + ";codecs=snappy, zstd;q=0.5"), stream + "; codecs=zstd");
  EXPECT_EQ(media_type_for(stream + ";codecs=\"snappy, LZ4\""), stream + "; codecs=lz4");
  EXPECT_EQ(media_type_for(stream + ";codecs=snappy"), stream);
  EXPECT_EQ(media_type_for(stream + ";codecs=\"\""), stream);
  EXPECT_EQ(media_type_for(stream + ";codecs=\"zs\\td\""), stream + "; codecs=zstd");
}

TEST(Negotiation, CodecsAreOfTheStreamsOwnEntry) {
  const std::string stream(kStream);
  EXPECT_EQ(media_type_for("*/*;codecs=zstd"), stream);
  EXPECT_EQ(media_type_for("application/json;codecs=zstd, */*", "arrow"), stream);
  EXPECT_EQ(media_type_for("text/csv, " + stream + ";codecs=zstd;q=0.1", "arrow"),
            stream + "; codecs=zstd");
  EXPECT_EQ(media_type_for(stream + ";codecs=zstd;q=0, */*", "arrow"), stream);
  EXPECT_EQ(media_type_for(stream + ";codecs=zstd;q=0.5, " + stream), stream);
}

TEST(Negotiation, TheArrowFileHasCodecsToo) {
  const std::string file = "application/vnd.apache.arrow.file";
  EXPECT_EQ(media_type_for(file + "; codecs=\"zstd, lz4\""), file + "; codecs=zstd");
  EXPECT_EQ(media_type_for(file), file);
  EXPECT_EQ(media_type_for(std::string(kStream) + ";codecs=zstd", "arrow-file"), file);
}

ContentCoding coding_for(std::string_view format, std::string_view accept_encoding,
                         bool is_same_machine = true) {
  return of(format, "", accept_encoding, is_same_machine)->coding;
}

TEST(Negotiation, TextIsCodedForAnyone) {
  for (const bool is_same_machine : {true, false}) {
    for (const std::string_view format : {"csv", "json", "ndjson"}) {
      EXPECT_EQ(coding_for(format, "", is_same_machine), ContentCoding::kIdentity);
      EXPECT_EQ(coding_for(format, "gzip, deflate, br, zstd", is_same_machine),
                ContentCoding::kZstd);
      EXPECT_EQ(coding_for(format, "gzip, deflate, br", is_same_machine), ContentCoding::kBrotli);
      EXPECT_EQ(coding_for(format, "gzip", is_same_machine), ContentCoding::kGzip);
      EXPECT_EQ(coding_for(format, "x-gzip", is_same_machine), ContentCoding::kGzip);
    }
  }
}

TEST(Negotiation, CodingQualities) {
  EXPECT_EQ(coding_for("csv", "zstd;q=0.5, gzip"), ContentCoding::kGzip);
  EXPECT_EQ(coding_for("csv", "zstd;q=0, br;q=0, gzip"), ContentCoding::kGzip);
  EXPECT_EQ(coding_for("csv", "gzip;q=0"), ContentCoding::kIdentity);
  EXPECT_EQ(coding_for("csv", "*"), ContentCoding::kZstd);
  EXPECT_EQ(coding_for("csv", "*, zstd;q=0"), ContentCoding::kBrotli);
  EXPECT_EQ(coding_for("csv", "*;q=0"), ContentCoding::kIdentity);
  EXPECT_EQ(coding_for("csv", "identity, gzip;q=0.5"), ContentCoding::kIdentity);
  EXPECT_EQ(coding_for("csv", "identity;q=0.5, gzip"), ContentCoding::kGzip);
  EXPECT_EQ(coding_for("csv", "identity;q=0, gzip"), ContentCoding::kGzip);
  EXPECT_EQ(coding_for("csv", "identity;q=0"), ContentCoding::kIdentity);  // as RFC 9110 advises
  EXPECT_EQ(coding_for("csv", "deflate, compress"), ContentCoding::kIdentity);
  EXPECT_EQ(coding_for("csv", ",;q=1, GZip ; q = 1.0"), ContentCoding::kGzip);
}

TEST(Negotiation, ArrowIsCodedForOtherMachinesByZstdAlone) {
  EXPECT_EQ(coding_for("arrow", "gzip, br, zstd", true), ContentCoding::kIdentity);
  EXPECT_EQ(coding_for("arrow", "gzip, br, zstd", false), ContentCoding::kZstd);
  EXPECT_EQ(coding_for("arrow", "gzip, br", false), ContentCoding::kIdentity);
}

TEST(Negotiation, NeverTwoLayers) {
  const auto negotiated = of("", std::string(kStream) + ";codecs=lz4", "zstd", false);
  EXPECT_EQ(negotiated->codec, ArrowCodec::kLz4);
  EXPECT_EQ(negotiated->coding, ContentCoding::kIdentity);
}

TEST(Accept, ParsesRanges) {
  const auto ranges = parse_accept("a/b;q=0.25;codecs=\"x,y\", C/*");
  ASSERT_EQ(ranges.size(), 2u);
  EXPECT_EQ(ranges[0].subtype, "b");
  EXPECT_DOUBLE_EQ(ranges[0].quality, 0.25);
  EXPECT_EQ(ranges[0].codecs, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(ranges[1].type, "c");
  EXPECT_EQ(ranges[1].subtype, "*");
}

}  // namespace
}  // namespace bowshot
