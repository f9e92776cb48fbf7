#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "byte_range.hpp"
#include "exchange.hpp"
#include "source/positioned_input.hpp"

namespace bowshot {

namespace {

constexpr std::string_view kExtension = ".parquet";
constexpr int64_t kCopiedPieceBytes = 256 << 10;
constexpr int64_t kSentPieceBytes = 4 << 20;
/// The end of an answer is copied. What sendfile() sent and nobody has read yet is the file's own
/// memory still, where an overwriting in place would show after the last look at the file; behind
/// more than a socket holds (tcp_wmem: 4 MiB) all of that has been read.
constexpr int64_t kCopiedEndBytes = 8 << 20;

/// `3.parquet` is the fourth file.
Result<size_t> file_index(std::string_view part, size_t files) {
  if (files == 0)
    return fail(ErrorCode::kUnknownPath, "the dataset is a table in memory, without files");
  size_t index = 0;
  const std::string_view digits =
      part.substr(0, part.size() - std::min(part.size(), kExtension.size()));
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size() &&
                         (digits == "0" || !digits.starts_with('0'));
  if (part.ends_with(kExtension) && is_number && index < files) return index;
  return fail(ErrorCode::kUnknownPath,
              fmt::format("there is no file '{}'; the files are 0.parquet to {}.parquet",
                          part.substr(0, 64), files - 1));
}

/// Strong: it names these very bytes.
std::string file_etag(const DataFile& file) {
  const FileIdentity& identity = file.identity();
  return fmt::format("\"{:x}-{:x}-{:x}-{:x}-{:x}\"", identity.device, identity.inode,
                     identity.bytes, identity.modified_ns, identity.footer_hash);
}

/// Sends the next `bytes` of `range` through memory: what leaves was looked at afterwards.
Result<void> send_copied(const DataFile& file, ByteRange& range, int64_t bytes,
                         http::ResponseWriter& writer) {
  std::string piece;
  for (const int64_t end = range.begin + bytes; range.begin < end;) {
    piece.resize(static_cast<size_t>(std::min(end - range.begin, kCopiedPieceBytes)));
    const auto read =
        read_at(file.descriptor(), range.begin, static_cast<int64_t>(piece.size()), piece.data());
    if (!read.ok() || *read != static_cast<int64_t>(piece.size()))
      return fail(ErrorCode::kBadData,
                  fmt::format("'{}' cannot be read to its end", file.display_name()));
    BOWSHOT_TRY(file.check_unchanged());
    const std::string_view read_bytes = piece;
    BOWSHOT_TRY(writer.write({&read_bytes, 1}));
    range.begin += *read;
    range.bytes -= *read;
  }
  return {};
}

/// Sends what `range` says, and nothing of a file that was written to meanwhile.
Result<void> send_bytes(const DataFile& file, ByteRange range, http::ResponseWriter& writer) {
  // First of all a piece that the head leaves with: what cannot be read at all is told properly.
  BOWSHOT_TRY(send_copied(file, range, std::min(range.bytes, kCopiedPieceBytes), writer));
  while (range.bytes > kCopiedEndBytes) {
    const int64_t bytes = std::min(range.bytes - kCopiedEndBytes, kSentPieceBytes);
    BOWSHOT_TRY(file.check_unchanged());
    BOWSHOT_TRY(
        writer.write_file({.descriptor = file.descriptor(), .begin = range.begin, .bytes = bytes}));
    range.begin += bytes;
    range.bytes -= bytes;
  }
  BOWSHOT_TRY(send_copied(file, range, range.bytes, writer));
  return writer.finish();
}

}  // namespace

void App::list_files(Exchange& exchange) {
  if (!exchange.takes_no_parameters()) return;
  const std::string& name = exchange.parts[0];
  const auto dataset = catalog_->current(name);
  if (!dataset) return exchange.send_error(dataset.error());
  boost::json::array files;
  for (size_t i = 0; i < (*dataset)->files().size(); ++i) {
    const DataFile& file = *(*dataset)->files()[i].file;
    files.push_back({{"url", fmt::format("/v1/datasets/{}/files/{}{}", name, i, kExtension)},
                     {"rows", file.rows()},
                     {"bytes", file.identity().bytes}});
  }
  const std::string body = boost::json::serialize(boost::json::object{{"files", files}});
  exchange.headers.set("Bowshot-Version", (*dataset)->version());
  exchange.send_tagged(weak_etag(body), "application/json", body);
}

void App::get_file(Exchange& exchange) {
  const Result<void> outcome = try_send_file(exchange);
  if (!outcome && exchange.writer.started()) exchange.writer.abort({});
  conclude(exchange, outcome);
}

Result<void> App::try_send_file(Exchange& exchange) {
  BOWSHOT_TRY(exchange.check_no_parameters());
  BOWSHOT_ASSIGN(const auto dataset, catalog_->current(exchange.parts[0]));
  BOWSHOT_ASSIGN(const size_t index, file_index(exchange.parts[1], dataset->files().size()));
  const DataFile& file = *dataset->files()[index].file;
  BOWSHOT_TRY(file.check_unchanged());

  http::Headers& headers = exchange.headers;
  const int64_t file_bytes = file.identity().bytes;
  headers.set("Bowshot-Version", dataset->version());
  headers.set("Accept-Ranges", "bytes");
  headers.set("Content-Type", "application/vnd.apache.parquet");
  const std::string etag = file_etag(file);
  BOWSHOT_ASSIGN(const bool is_unchanged, exchange.is_not_modified(etag));
  if (is_unchanged) return {};
  const http::Headers& asked = exchange.request.headers;
  const bool is_range_valid = !asked.has("If-Range") || asked.get("If-Range") == etag;
  const auto range = parse_range(is_range_valid ? asked.get("Range") : "", file_bytes);
  if (!range) {
    headers.set("Content-Range", fmt::format("bytes */{}", file_bytes));
    return std::unexpected(range.error());
  }
  if (range->is_part)
    headers.set("Content-Range", fmt::format("bytes {}-{}/{}", range->begin,
                                             range->begin + range->bytes - 1, file_bytes));
  BOWSHOT_TRY(exchange.writer.start(range->is_part ? 206 : 200, headers, range->bytes));
  if (exchange.request.method == "HEAD") return exchange.writer.finish();
  return send_bytes(file, *range, exchange.writer);
}

}  // namespace bowshot
