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

namespace bowshot {

namespace {

constexpr size_t kProblemBytesMax = 64 << 10;
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

/// A GET under way: its head, and its body where it goes. libcurl calls back with a pointer to it.
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

void set_options(Transfer& transfer, const std::string& url, curl_slist* headers) {
  CURL* const curl = transfer.curl;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
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

/// Runs the GET to its end or the stop, which closes the connection.
Result<CURLcode> perform(Transfer& transfer, const std::string& url, const std::string& token,
                         const StopToken& stop) {
  const std::unique_ptr<CURL, EasyDeleter> curl(curl_easy_init());
  const std::unique_ptr<CURLM, MultiDeleter> many(curl_multi_init());
  const std::string bearer = "Authorization: Bearer " + token;
  const std::unique_ptr<curl_slist, ListDeleter> headers(
      token.empty() ? nullptr : curl_slist_append(nullptr, bearer.c_str()));
  if (!curl || !many) return fail(ErrorCode::kOutOfMemory, "no memory for a connection");
  transfer.curl = curl.get();
  set_options(transfer, url, headers.get());
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
    const std::string base = query.url.substr(0, query.url.rfind("/v1/datasets/"));
    Transfer asked;
    const auto performed =
        perform(asked, fmt::format("{}/v1/requests/{}", base, id->second), query.token, {});
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

}  // namespace

bool is_url(std::string_view path) {
  return path.starts_with("http://") || path.starts_with("https://");
}

Result<std::string> dataset_url(const std::string& url) {
  constexpr std::string_view kDatasets = "/v1/datasets/";
  const auto wrong = [&] {
    return fail(ErrorCode::kBadParameter,
                fmt::format("'{}' names no dataset: write http://HOST:PORT/NAME", url));
  };
  const size_t host = url.find("://") + 3;
  const size_t path = url.find('/', host);
  if (path == std::string::npos || path == host || url.find_first_of("?# ") != std::string::npos)
    return wrong();
  std::string whole = url.substr(0, url.find_last_not_of('/') + 1);
  const size_t datasets = whole.find(kDatasets, path);
  const size_t name = datasets == std::string::npos ? path + 1 : datasets + kDatasets.size();
  if (name >= whole.size() || whole.find('/', name) != std::string::npos) return wrong();
  if (datasets != std::string::npos) return whole;
  return fmt::format("{}{}{}", whole.substr(0, path), kDatasets, whole.substr(name));
}

Result<void> RemoteQuery::run(QueryOutput& output, const StopToken& stop) const {
  const CurlLibrary library;
  const std::string target = fmt::format("{}/{}?{}{}format={}", url, shape, parameters,
                                         parameters.empty() ? "" : "&", format);
  ProgressLine progress;
  Transfer transfer{.output = &output, .progress = &progress};
  BOWSHOT_ASSIGN(const CURLcode code, perform(transfer, target, token, stop));
  if (!transfer.written) return transfer.written;
  const int64_t status = transfer.number(":status").value_or(0);
  if (status == 0)
    return fail(ErrorCode::kInternal, fmt::format("{}: {}", url, curl_easy_strerror(code)));
  if (status != 200) {
    if (auto problem = parse_problem(transfer.kept)) return fail(*std::move(problem));
    return fail(ErrorCode::kInternal, fmt::format("{} answers with status {}", url, status));
  }
  if (!transfer.headers.contains("bowshot-version"))
    return fail(ErrorCode::kInternal, fmt::format("{} is no server of Bowshot", url));
  if (code != CURLE_OK) return fail(broken_off(*this, transfer, code));
  progress.end();
  return output.end(facts_of(transfer));
}

}  // namespace bowshot
