#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "exchange.hpp"
#include "log.hpp"
#include "preconditions.hpp"

namespace bowshot {

namespace {

/// Each holds about a batch of its body, and a row group of what it writes.
constexpr int kPublishingMax = 4;

struct TableMediaType {
  std::string_view name;
  TableFormat format;
};
constexpr std::array kTableMediaTypes = {
    TableMediaType{"application/vnd.apache.arrow.stream", TableFormat::kArrowStream},
    TableMediaType{"application/vnd.apache.arrow.file", TableFormat::kArrowFile},
    TableMediaType{"application/vnd.apache.parquet", TableFormat::kParquet},
};

/// By the Content-Type, with or without parameters; `unsupported_media_type` names those there are.
Result<TableFormat> table_format(const http::Request& request) {
  const std::string content_type = request.headers.get("Content-Type");
  std::string type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.pop_back();
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto found =
      std::ranges::find(kTableMediaTypes, std::string_view(type), &TableMediaType::name);
  if (found == kTableMediaTypes.end())
    return fail(ErrorCode::kUnsupportedMediaType,
                fmt::format("the Content-Type is \"{}\"; a table is application/vnd.apache.arrow."
                            "stream, application/vnd.apache.arrow.file or "
                            "application/vnd.apache.parquet",
                            content_type));
  const std::string coding = request.headers.get("Content-Encoding");
  if (!coding.empty() && coding != "identity")
    return fail(ErrorCode::kUnsupportedMediaType,
                fmt::format("the Content-Encoding is \"{}\"; a table is sent as it is", coding));
  return found->format;
}

/// The body as it comes; a body that the transport has read already is one chunk.
BodyChunks chunks_of(const http::Request& request) {
  if (request.body_stream) return [body = request.body_stream] { return body->next(); };
  return [left = request.body]() mutable -> Result<std::string> { return std::exchange(left, {}); };
}

/// Counts itself in for as long as it stands.
class Counted {
 public:
  explicit Counted(std::atomic<int>& count) : count_(&count), value_(++count) {}
  ~Counted() { --*count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  int value() const { return value_; }

 private:
  std::atomic<int>* count_;  // outlives this
  int value_;
};

}  // namespace

/// What an earlier server left in the publish directory is served again.
Result<void> App::open_published(const ServeOptions& options) {
  BOWSHOT_ASSIGN(published_,
                 PublishStore::make(options.publish_directory, options.limits.publish_bytes));
  BOWSHOT_ASSIGN(const auto sources, published_->load());
  for (const auto& [name, source] : sources) BOWSHOT_TRY(catalog_->add(name, source));
  return {};
}

/// Whether a client may put a table under this name, or remove the one that is there.
Result<void> App::check_publishable(const std::string& name) const {
  if (!allows_publish_)
    return fail(
        ErrorCode::kPublishDisabled,
        "this server publishes and removes no datasets; the flag --allow-publish allows it");
  if (!is_dataset_name(name))
    return fail(ErrorCode::kBadParameter,
                fmt::format("'{}' is no name for a dataset: letters, digits, `_`, `.` and `-`, at "
                            "most 128, the first a letter, a digit or `_`",
                            name.substr(0, 128)));
  const auto source = catalog_->find(name);
  if (source && (*source)->kind() != kPublishedKind)
    return fail(ErrorCode::kReadOnlyDataset,
                fmt::format("{} was not published: only the server's owner can change it", name));
  return {};
}

void App::put_dataset(Exchange& exchange) {
  conclude(exchange, try_publish(exchange));
}

/// Whether the client still wants to change what has this name now.
Result<void> App::check_conditions(const std::string& name, const Preconditions& conditions) const {
  if (!conditions.has_any()) return {};
  std::optional<std::string> version;
  if (const auto source = catalog_->find(name)) {
    const auto dataset = (*source)->current();
    version = dataset ? (*dataset)->version() : "";  // a table that cannot be opened is there, too
  }
  return conditions.check_change(name, version);
}

/// Shows a table that is written down. True: in the place of another.
Result<bool> App::keep(const std::string& name, PublishStore::Draft& draft,
                       const Preconditions& conditions) {
  const auto check = [&]() -> Result<void> {
    BOWSHOT_TRY(check_publishable(name));  // the body may have taken hours
    return check_conditions(name, conditions);
  };
  bool was_there = false;
  BOWSHOT_TRY(published_->keep(name, draft, check, [&](std::shared_ptr<DatasetSource> source) {
    was_there = catalog_->replace(name, std::move(source)) != nullptr;
  }));
  log_event(spdlog::level::info, "published",
            {{"dataset", name},
             {"rows", std::to_string(draft.dataset()->rows())},
             {"version", draft.dataset()->version()}});
  return was_there;
}

Result<void> App::publish(const std::string& name, std::shared_ptr<arrow::RecordBatchReader> table,
                          const StopToken& stop) {
  BOWSHOT_TRY(check_publishable(name));
  BOWSHOT_ASSIGN(const auto draft, published_->write(name, std::move(table), stop));
  BOWSHOT_TRY(keep(name, *draft, {}));
  return {};
}

Result<void> App::try_publish(Exchange& exchange) {
  const std::string& name = exchange.parts[0];
  BOWSHOT_TRY(exchange.check_no_parameters());
  BOWSHOT_TRY(check_publishable(name));
  BOWSHOT_ASSIGN(const TableFormat format, table_format(exchange.request));
  BOWSHOT_ASSIGN(const auto conditions,
                 Preconditions::make(exchange.request.headers, /*is_strict=*/true));
  BOWSHOT_TRY(check_conditions(name, conditions));  // and again when the body has been read
  const Counted publishing(publishing_);
  if (publishing.value() > kPublishingMax)
    return fail(ErrorCode::kOverloaded,
                fmt::format("{} tables are being published already", kPublishingMax));

  BOWSHOT_ASSIGN(const auto draft,
                 published_->write(name, format, chunks_of(exchange.request), exchange.stop));
  BOWSHOT_ASSIGN(const bool was_there, keep(name, *draft, conditions));
  const Dataset& dataset = *draft->dataset();
  exchange.headers.set("Bowshot-Version", dataset.version());
  exchange.headers.set("Location", fmt::format("/v1/datasets/{}", name));
  exchange.send(was_there ? 200 : 201, "application/json",
                describe(dataset, PublishedSource(draft->dataset())));
  return {};
}

void App::delete_dataset(Exchange& exchange) {
  conclude(exchange, try_remove(exchange));
}

Result<void> App::try_remove(Exchange& exchange) {
  const std::string& name = exchange.parts[0];
  BOWSHOT_TRY(exchange.check_no_parameters());
  BOWSHOT_TRY(check_publishable(name));
  BOWSHOT_ASSIGN(const auto conditions,
                 Preconditions::make(exchange.request.headers, /*is_strict=*/true));
  const auto check = [&]() -> Result<void> {
    BOWSHOT_TRY(check_publishable(name));
    BOWSHOT_TRY(catalog_->find(name));
    return check_conditions(name, conditions);
  };
  BOWSHOT_TRY(published_->remove(name, check, [&] { catalog_->remove(name); }));
  log_event(spdlog::level::info, "removed", {{"dataset", name}});
  exchange.end_request();
  (void)exchange.writer.send(204, exchange.headers, "");
  return {};
}

}  // namespace bowshot
