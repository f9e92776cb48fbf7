#include "encode/negotiation.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "encode/accept.hpp"

namespace bowshot {
namespace {

struct FormatInfo {
  Format format;
  std::string_view name;
  std::string_view type;  // of the media type
  std::string_view subtype;
  std::string_view parameters;
  std::string_view extension;
  bool is_picture;
  bool is_served;
};

/// Section 5 of protocol/PROTOCOL.md, in the order in which they are preferred.
constexpr std::array kFormats = {
    FormatInfo{Format::kArrow, "arrow", "application", "vnd.apache.arrow.stream", "", ".arrows",
               false, true},
    FormatInfo{Format::kJson, "json", "application", "json", "", ".json", false, true},
    FormatInfo{Format::kCsv, "csv", "text", "csv", "; charset=utf-8", ".csv", false, true},
    FormatInfo{Format::kNdjson, "ndjson", "application", "x-ndjson", "", ".ndjson", false, true},
    FormatInfo{Format::kArrowFile, "arrow-file", "application", "vnd.apache.arrow.file", "",
               ".arrow", false, true},
    FormatInfo{Format::kParquet, "parquet", "application", "vnd.apache.parquet", "", ".parquet",
               false, true},
    FormatInfo{Format::kPng, "png", "image", "png", "", ".png", true, false},
    FormatInfo{Format::kWebp, "webp", "image", "webp", "", ".webp", true, false},
};

struct CodecInfo {
  ArrowCodec codec;
  std::string_view name;
};
constexpr std::array kCodecs = {CodecInfo{ArrowCodec::kZstd, "zstd"},
                                CodecInfo{ArrowCodec::kLz4, "lz4"}};

constexpr std::array kTextCodings = {ContentCoding::kZstd, ContentCoding::kBrotli,
                                     ContentCoding::kGzip};
constexpr std::array kArrowCodings = {ContentCoding::kZstd};

const FormatInfo& info_of(Format format) {
  return *std::ranges::find(kFormats, format, &FormatInfo::format);
}

std::string media_type_of(const FormatInfo& info) {
  return std::string(info.type) + '/' + std::string(info.subtype) + std::string(info.parameters);
}

bool has_pictures(Shape shape) {
  return shape == Shape::kDensity;
}

/// The names of what this shape can be asked for.
std::vector<std::string> names_for(Shape shape) {
  std::vector<std::string> names;
  for (const FormatInfo& info : kFormats) {
    if (info.is_served && (!info.is_picture || has_pictures(shape))) names.emplace_back(info.name);
  }
  return names;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

Result<Format> format_by_name(Shape shape, std::string_view name) {
  const auto info = std::ranges::find(kFormats, name, &FormatInfo::name);
  if (info == kFormats.end()) {
    const auto names = names_for(shape);
    return fail({.code = ErrorCode::kBadParameter,
                 .detail = "format is one of " + list_of(names) + ", not '" +
                           std::string(name.substr(0, 64)) + "'",
                 .parameter = "format",
                 .suggestions = suggest(name, names)});
  }
  if (info->is_picture && !has_pictures(shape)) {
    return fail({.code = ErrorCode::kNotAcceptable,
                 .detail = "format " + std::string(name) + " is for densities and tiles; here " +
                           list_of(names_for(shape)) + " are served",
                 .parameter = "format"});
  }
  if (!info->is_served) {
    return fail({.code = ErrorCode::kBadParameter,
                 .detail = "format " + std::string(name) + " is not served yet; " +
                           list_of(names_for(shape)) + " are",
                 .parameter = "format"});
  }
  return info->format;
}

/// How a header's ranges take one media type: by the most specific range, of those by the best.
struct Match {
  int specificity = -1;  // 0: */*, 1: type/*, 2: type/subtype; -1: none
  double quality = 0;
  size_t position = 0;  // in the header
};

Match match(const FormatInfo& info, const std::vector<MediaRange>& ranges) {
  Match best;
  for (size_t i = 0; i < ranges.size(); ++i) {
    const MediaRange& range = ranges[i];
    int specificity = -1;
    if (range.type == "*" && range.subtype == "*") specificity = 0;
    if (range.type == info.type && range.subtype == "*") specificity = 1;
    if (range.type == info.type && range.subtype == info.subtype) specificity = 2;
    if (specificity < 0) continue;
    if (std::pair(specificity, range.quality) > std::pair(best.specificity, best.quality)) {
      best = {.specificity = specificity, .quality = range.quality, .position = i};
    }
  }
  return best;
}

/// The best quality; then what is named over what a wildcard takes (`application/json, */*` is
/// JSON), then the client's order, then ours.
Result<Format> format_by_accept(Shape shape, const std::vector<MediaRange>& ranges) {
  if (ranges.empty()) return Format::kArrow;
  const FormatInfo* chosen = nullptr;
  Match best;
  for (const FormatInfo& info : kFormats) {
    if (!info.is_served || (info.is_picture && !has_pictures(shape))) continue;
    const Match here = match(info, ranges);
    if (here.quality <= 0) continue;
    const bool is_better = !chosen || std::tuple(here.quality, here.specificity, best.position) >
                                          std::tuple(best.quality, best.specificity, here.position);
    if (is_better) {
      chosen = &info;
      best = here;
    }
  }
  if (chosen) return chosen->format;
  std::string served;
  for (const std::string& name : names_for(shape)) {
    const auto& info = *std::ranges::find(kFormats, std::string_view(name), &FormatInfo::name);
    served += (served.empty() ? "" : ", ") + media_type_of(info);
  }
  return fail({.code = ErrorCode::kNotAcceptable,
               .detail = "Accept takes none of the media types served here: " + served});
}

/// The first codec that we have in the best entry that names this media type of Arrow.
const CodecInfo* codec_by_accept(const FormatInfo& info, const std::vector<MediaRange>& ranges) {
  const Match entry = match(info, ranges);
  if (entry.specificity < 2 || entry.quality <= 0) return nullptr;
  for (const std::string& name : ranges[entry.position].codecs) {
    const auto found = std::ranges::find(kCodecs, std::string_view(name), &CodecInfo::name);
    if (found != kCodecs.end()) return &*found;
  }
  return nullptr;
}

/// The coding with the best quality, in our order; none where the client likes none better.
ContentCoding coding_by_accept(std::span<const ContentCoding> offered, std::string_view header) {
  const AcceptedCodings accepted(header);
  ContentCoding chosen = ContentCoding::kIdentity;
  double best = 0;
  for (const ContentCoding coding : offered) {
    const double quality = accepted.quality(content_coding_name(coding));
    if (quality > best && quality >= accepted.identity_quality()) {
      chosen = coding;
      best = quality;
    }
  }
  return chosen;
}

}  // namespace

std::string_view content_coding_name(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kIdentity:
      return "identity";
    case ContentCoding::kZstd:
      return "zstd";
    case ContentCoding::kBrotli:
      return "br";
    case ContentCoding::kGzip:
      break;
  }
  return "gzip";
}

std::string_view format_name(Format format) {
  return info_of(format).name;
}

std::string_view format_extension(Format format) {
  return info_of(format).extension;
}

Result<Negotiated> negotiate(Shape shape, const Preferences& preferences) {
  const std::vector<MediaRange> ranges = parse_accept(preferences.accept);
  Negotiated result;
  if (preferences.format_parameter.empty()) {
    BOWSHOT_ASSIGN(result.format, format_by_accept(shape, ranges));
  } else {
    BOWSHOT_ASSIGN(result.format, format_by_name(shape, preferences.format_parameter));
  }
  const FormatInfo& info = info_of(result.format);
  result.media_type = media_type_of(info);
  // Compressed by themselves.
  if (info.is_picture || result.format == Format::kParquet) return result;

  if (result.format != Format::kArrow && result.format != Format::kArrowFile) {
    result.coding = coding_by_accept(kTextCodings, preferences.accept_encoding);
    return result;
  }
  if (const CodecInfo* codec = codec_by_accept(info, ranges)) {
    result.codec = codec->codec;
    result.media_type += "; codecs=" + std::string(codec->name);
  } else if (!preferences.is_same_machine) {
    result.coding = coding_by_accept(kArrowCodings, preferences.accept_encoding);
  }
  return result;
}

}  // namespace bowshot
