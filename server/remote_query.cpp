#include "remote_query.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

#include "progress_line.hpp"
#include "query/percent.hpp"
#include "source/catalog.hpp"

namespace bowshot {

namespace {

constexpr size_t kProblemBytesMax = 64 << 10;
/// Longer targets than this go as JSON: servers and proxies take 8 KiB at least, few more.
constexpr size_t kTargetBytesMax = 6 << 10;
constexpr int kLookMs = 50;
constexpr long kConnectSeconds = 10;

// One type each: CURL and CURLM are both void to a compiler.
struct EasyDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
struct MultiDeleter {
  void operator()(CURLM* many) const { curl_multi_cleanup(many); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// libcurl for as long as this lives. One at a time.
struct CurlLibrary {
  CurlLibrary() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  ~CurlLibrary() { curl_global_cleanup(); }
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

/// Where a request goes, and what it carries.
struct Call {
  std::string url;
  std::string unix_socket;  // empty: TCP
  std::string token;        // empty: none
  std::string body;         // JSON, then by POST; empty: a GET
};

/// A request under way: its head, and its body where it goes. libcurl calls back with a pointer to
/// it.
struct Transfer {
  CURL* curl = nullptr;
  QueryOutput* output = nullptr;  // null: the body is kept, as that of an error
  ProgressLine* progress = nullptr;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string kept;
  Result<void> written;

  long status() const {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
  bool is_answer() const {
    return output != nullptr && status() == 200 && headers.contains("bowshot-version");
  }
  std::optional<int64_t> number(const std::string& name) const {
    const auto found = headers.find(name);
    if (found == headers.end()) return std::nullopt;
    int64_t value = 0;
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  }
};

size_t on_header(char* data, size_t size, size_t count, void* transfer) {
  const std::string_view line(data, size * count);
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  const size_t begin = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
  const size_t end = line.find_last_not_of(" \t\r\n") + 1;
  static_cast<Transfer*>(transfer)->headers[name] =
      line.substr(begin, std::max(begin, end) - begin);
  return line.size();
}

size_t on_body(char* data, size_t size, size_t count, void* pointer) {
  auto& transfer = *static_cast<Transfer*>(pointer);
  const std::string_view bytes(data, size * count);
  if (!transfer.is_answer()) {
    if (transfer.kept.size() + bytes.size() > kProblemBytesMax) return 0;
    transfer.kept += bytes;
    return bytes.size();
  }
  transfer.progress->bytes += static_cast<int64_t>(bytes.size());
  if (transfer.output->is_on_screen()) transfer.progress->end();
  transfer.written = transfer.output->write(bytes);
  return transfer.written ? bytes.size() : 0;
}

int on_progress(void* pointer, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(pointer);
  if (transfer.progress == nullptr) return 0;
  transfer.progress->total = total;
  transfer.progress->done = done;
  return 0;
}

/// Loopback needs no proxy; for others the environment says.
std::string hosts_without_proxy() {
  std::string hosts = "127.0.0.1,localhost,::1";
  for (const char* const name : {"no_proxy", "NO_PROXY"})
    if (const char* const more = std::getenv(name); more != nullptr)
      hosts = std::string_view(more) == "*" ? "*" : fmt::format("{},{}", hosts, more);
  return hosts;
}

void set_options(Transfer& transfer, const Call& call, curl_slist* headers) {
  CURL* const curl = transfer.curl;
  curl_easy_setopt(curl, CURLOPT_URL, call.url.c_str());
  if (!call.unix_socket.empty())
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, call.unix_socket.c_str());
  if (!call.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");  // all that it can decode
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, hosts_without_proxy().c_str());
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

HeaderList headers_of(const Call& call) {
  curl_slist* list = nullptr;
  if (!call.token.empty())
    list = curl_slist_append(list, ("Authorization: Bearer " + call.token).c_str());
  if (!call.body.empty()) list = curl_slist_append(list, "Content-Type: application/json");
  return HeaderList(list);
}

/// Runs the call to its end or the stop, which closes the connection.
Result<CURLcode> perform(Transfer& transfer, const Call& call, const StopToken& stop) {
  const std::unique_ptr<CURL, EasyDeleter> curl(curl_easy_init());
  const std::unique_ptr<CURLM, MultiDeleter> many(curl_multi_init());
  const HeaderList headers = headers_of(call);
  if (!curl || !many) return fail(ErrorCode::kOutOfMemory, "no memory for a connection");
  transfer.curl = curl.get();
  set_options(transfer, call, headers.get());
  curl_multi_add_handle(many.get(), curl.get());
  const StopCallback wake(stop, [&] { curl_multi_wakeup(many.get()); });
  int running = 1;
  while (running > 0 && !stop.stop_requested()) {
    if (curl_multi_perform(many.get(), &running) != CURLM_OK) break;
    if (running > 0) curl_multi_poll(many.get(), nullptr, 0, kLookMs, nullptr);
  }
  CURLcode code = CURLE_ABORTED_BY_CALLBACK;
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(many.get(), &left))
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  if (transfer.status() == 0 && code == CURLE_OK) code = CURLE_GOT_NOTHING;
  curl_multi_remove_handle(many.get(), curl.get());
  if (stop.stop_requested()) return fail(stop.error());
  // What is asked of the transfer later must not depend on the handle.
  transfer.headers[":status"] = std::to_string(transfer.status());
  transfer.curl = nullptr;
  return code;
}

/// An error from a problem document; nothing: it is none.
std::optional<Error> read_problem(const boost::json::value& value) {
  const auto* const problem = value.if_object();
  if (problem == nullptr) return std::nullopt;
  const auto text = [&](std::string_view key) {
    const auto* const found = problem->if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
  };
  if (text("code").empty()) return std::nullopt;
  Error error{.code = ErrorCode::kInternal,
              .detail = text("detail"),
              .parameter = text("parameter"),
              .pointer = text("pointer")};
  for (const ErrorInfo& info : error_table())
    if (info.name == text("code")) error.code = info.code;
  if (error.detail.empty()) error.detail = text("title");
  if (const auto* const found = problem->if_contains("position"); found && found->is_int64())
    error.position = found->get_int64();
  if (const auto* const found = problem->if_contains("suggestions"); found && found->is_array())
    for (const auto& item : found->get_array())
      if (item.is_string()) error.suggestions.emplace_back(item.get_string());
  return error;
}

std::optional<Error> parse_problem(const std::string& text, std::string_view member = {}) {
  boost::system::error_code failed;
  const auto value = boost::json::parse(text, failed);
  if (failed) return std::nullopt;
  if (member.empty()) return read_problem(value);
  const auto* const object = value.if_object();
  const auto* const found = object != nullptr ? object->if_contains(member) : nullptr;
  return found != nullptr ? read_problem(*found) : std::nullopt;
}

/// Why an answer broke off: the request table of the server knows.
Error broken_off(const RemoteQuery& query, const Transfer& broken, CURLcode code) {
  const auto id = broken.headers.find("bowshot-request");
  if (id != broken.headers.end()) {
    const Call call{.url = fmt::format("{}/v1/requests/{}", query.dataset.server, id->second),
                    .unix_socket = query.dataset.unix_socket,
                    .token = query.token,
                    .body = {}};
    Transfer asked;
    const auto performed = perform(asked, call, {});
    if (performed && *performed == CURLE_OK)
      if (auto error = parse_problem(asked.kept, "problem")) return *std::move(error);
  }
  return {.code = ErrorCode::kInternal,
          .detail = fmt::format("the answer broke off: {}", curl_easy_strerror(code))};
}

AnswerFacts facts_of(const Transfer& transfer) {
  AnswerFacts facts;
  const auto completeness = transfer.headers.find("bowshot-completeness");
  if (completeness != transfer.headers.end())
    for (const auto known : {Completeness::kSampled, Completeness::kApproximate})
      if (completeness->second == completeness_name(known)) facts.completeness = known;
  facts.rows = transfer.number("bowshot-rows");
  facts.total_rows = transfer.number("bowshot-total-rows");
  facts.population = transfer.number("bowshot-population");
  return facts;
}

/// By GET, which caches and logs understand; a long request as JSON.
Call call_of(const RemoteQuery& query) {
  Call call{.url = fmt::format("{}/v1/datasets/{}/{}?format={}", query.dataset.server,
                               query.dataset.name, query.shape, query.format),
            .unix_socket = query.dataset.unix_socket,
            .token = query.token,
            .body = {}};
  for (const auto& [name, value] : query.parameters)
    call.url += fmt::format("&{}={}", name, percent_encode(value));
  if (call.url.size() <= kTargetBytesMax) return call;
  call.url = query.dataset.server + "/v1/query";
  boost::json::object request = {
      {"dataset", query.dataset.name}, {"shape", query.shape}, {"format", query.format}};
  for (const auto& [name, value] : query.parameters) request[name] = value;
  call.body = boost::json::serialize(request);
  return call;
}

}  // namespace

bool is_url(std::string_view path) {
  return path.starts_with("http://") || path.starts_with("https://") || path.starts_with("unix:");
}

Result<RemoteDataset> RemoteDataset::parse(const std::string& url) {
  constexpr std::string_view kDatasets = "/v1/datasets/";
  constexpr std::string_view kUnix = "unix:";
  const auto wrong = [&] {
    return fail(ErrorCode::kBadParameter,
                fmt::format("'{}' names no dataset: write http://HOST:PORT/NAME or "
                            "unix:SOCKET:NAME",
                            url));
  };
  if (url.starts_with(kUnix)) {
    const size_t colon = url.rfind(':');
    RemoteDataset dataset{.server = "http://localhost", .unix_socket = {}, .name = {}};
    if (colon <= kUnix.size()) return wrong();
    dataset.unix_socket = url.substr(kUnix.size(), colon - kUnix.size());
    dataset.name = url.substr(colon + 1);
    if (!is_dataset_name(dataset.name)) return wrong();
    return dataset;
  }
  const size_t host = url.find("://") + 3;
  const size_t path = url.find('/', host);
  if (path == std::string::npos || path == host || url.find_first_of("?# ") != std::string::npos)
    return wrong();
  std::string whole = url.substr(0, url.find_last_not_of('/') + 1);
  const size_t datasets = whole.find(kDatasets, path);
  const size_t name = datasets == std::string::npos ? path + 1 : datasets + kDatasets.size();
  if (name >= whole.size() || whole.find('/', name) != std::string::npos) return wrong();
  return RemoteDataset{.server = whole.substr(0, datasets == std::string::npos ? path : datasets),
                       .unix_socket = {},
                       .name = whole.substr(name)};
}

Result<void> RemoteQuery::run(QueryOutput& output, const StopToken& stop) const {
  const CurlLibrary library;
  const std::string server =
      dataset.unix_socket.empty() ? dataset.server : "unix:" + dataset.unix_socket;
  ProgressLine progress;
  Transfer transfer{.output = &output, .progress = &progress};
  BOWSHOT_ASSIGN(const CURLcode code, perform(transfer, call_of(*this), stop));
  if (!transfer.written) return transfer.written;
  const int64_t status = transfer.number(":status").value_or(0);
  if (status == 0)
    return fail(ErrorCode::kInternal, fmt::format("{}: {}", server, curl_easy_strerror(code)));
  if (status != 200) {
    if (auto problem = parse_problem(transfer.kept)) return fail(*std::move(problem));
    return fail(ErrorCode::kInternal, fmt::format("{} answers with status {}", server, status));
  }
  if (!transfer.headers.contains("bowshot-version"))
    return fail(ErrorCode::kInternal, fmt::format("{} is no server of Bowshot", server));
  if (code != CURLE_OK) return fail(broken_off(*this, transfer, code));
  progress.end();
  return output.end(facts_of(transfer));
}

}  // namespace bowshot
