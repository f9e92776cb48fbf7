#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <fstream>
#include <regex>
#include <set>

#include "access.hpp"
#include "app.hpp"
#include "config_file.hpp"
#include "credentials.hpp"
#include "http_sink.hpp"
#include "options.hpp"
#include "problem.hpp"

namespace bowshot {
namespace {

http::Request request_with(const std::vector<std::pair<std::string, std::string>>& fields,
                           std::string host = "127.0.0.1") {
  http::Request request;
  request.method = "GET";
  request.path = "/v1/datasets";
  request.host = std::move(host);
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  return request;
}

TEST(AccessPolicy, HostsBeyondLoopbackNeedTheFlag) {
  const AccessPolicy policy({"Data.Example.org"}, {});
  for (const char* host : {"127.0.0.1", "localhost", "[::1]", "data.example.org"})
    EXPECT_TRUE(policy.check(request_with({}, host), false)) << host;
  for (const char* host : {"evil.example.org", "", "127.0.0.1.nip.io", "192.168.0.1"}) {
    const auto result = policy.check(request_with({}, host), false);
    ASSERT_FALSE(result) << host;
    EXPECT_EQ(result.error().code, ErrorCode::kForbiddenHost);
    EXPECT_NE(result.error().detail.find("--allow-host"), std::string::npos);
  }
}

TEST(AccessPolicy, OriginsAreThePagesOwnOrAllowed) {
  const AccessPolicy policy({}, {"HTTPS://App.Example.org"});  // browsers send small letters
  const auto check = [&](const char* origin) {
    return policy.check(request_with({{"Host", "127.0.0.1:8765"}, {"Origin", origin}}), false);
  };
  EXPECT_TRUE(check("http://127.0.0.1:8765"));
  EXPECT_TRUE(check("https://app.example.org"));
  for (const char* origin : {"http://127.0.0.1:1234", "https://app.example.org.evil", "null",
                             "http://app.example.org"}) {
    const auto result = check(origin);
    ASSERT_FALSE(result) << origin;
    EXPECT_EQ(result.error().code, ErrorCode::kForbiddenOrigin);
    EXPECT_NE(result.error().detail.find("--allow-origin"), std::string::npos);
  }
  EXPECT_TRUE(AccessPolicy({}, {"*"}).check(request_with({{"Origin", "https://any"}}), false));
}

TEST(AccessPolicy, OtherSitesWithoutAnOriginAreRefusedButMayLinkToThePage) {
  const AccessPolicy policy({}, {});
  const auto request = request_with({{"Sec-Fetch-Site", "cross-site"}});
  EXPECT_FALSE(policy.check(request, false));
  EXPECT_FALSE(policy.check(request, true));
  const auto link =
      request_with({{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}});
  EXPECT_FALSE(policy.check(link, false));
  EXPECT_TRUE(policy.check(link, true));
}

TEST(Problem, HasEveryMemberThatIsKnown) {
  const auto problem = boost::json::parse(problem_json({.code = ErrorCode::kUnknownColumn,
                                                        .detail = "no column \"dealy\"",
                                                        .parameter = "filter",
                                                        .position = 3,
                                                        .suggestions = {"delay"}}))
                           .as_object();
  EXPECT_EQ(problem.at("code"), "unknown_column");
  EXPECT_EQ(problem.at("status"), 400);
  EXPECT_EQ(problem.at("position"), 3);
  EXPECT_EQ(problem.at("parameter"), "filter");
  EXPECT_EQ(problem.at("suggestions").as_array().at(0), "delay");
  EXPECT_FALSE(problem.contains("pointer"));
}

TEST(Problem, OfTheServersMakingNamesItsRequest) {
  const auto ours = problem_json({.code = ErrorCode::kInternal, .detail = "x"}, "12ab");
  EXPECT_EQ(boost::json::parse(ours).at("instance"), "/v1/requests/12ab");
  const auto theirs = problem_json({.code = ErrorCode::kBadParameter, .detail = "x"}, "12ab");
  EXPECT_FALSE(boost::json::parse(theirs).as_object().contains("instance"));
}

TEST(Problem, OverloadedSaysWhenToComeAgain) {
  http::Headers headers;
  std::string body;
  write_problem({.code = ErrorCode::kOverloaded, .detail = "x"}, headers, body);
  EXPECT_EQ(headers.get("Retry-After"), "1");
  EXPECT_EQ(headers.get("Content-Type"), "application/problem+json");
}

/// "GET /v1/datasets/{}/count" of every route and method that openapi.json has to tell of.
std::set<std::string> documented_routes() {
  const std::set<std::string> left_out = {"QUERY"};  // OpenAPI 3.1 has no place for it
  std::set<std::string> routes;
  for (const App::RouteInfo& route : App::route_table()) {
    const std::string methods(route.methods);
    const std::regex word("[A-Z]+");
    for (std::sregex_iterator it(methods.begin(), methods.end(), word), end; it != end; ++it) {
      if (left_out.contains(it->str())) continue;
      if (route.pattern != "/v1/datasets/{}/{}") {
        routes.insert(it->str() + " " + std::string(route.pattern));
        continue;
      }
      for (const Shape shape : served_shapes())
        routes.insert(it->str() + " /v1/datasets/{}/" + std::string(shape_name(shape)));
    }
  }
  return routes;
}

TEST(OpenApi, TellsOfEveryRouteAndOfNoOther) {
  std::set<std::string> told;
  const auto document = boost::json::parse(openapi_json("1.2.3"));
  for (const auto& path : document.at("paths").as_object())
    for (const auto& operation : path.value().as_object()) {
      std::string method(operation.key());
      std::ranges::transform(method, method.begin(),
                             [](unsigned char c) { return std::toupper(c); });
      told.insert(method + " " +
                  std::regex_replace(std::string(path.key()), std::regex("\\{[a-z_]+\\}"), "{}"));
    }
  EXPECT_EQ(told, documented_routes());
  EXPECT_GT(told.size(), 10U);
}

TEST(ContentDisposition, KeepsUnicodeAndNeverEndsTheHeader) {
  EXPECT_EQ(content_disposition("a b.csv"),
            "attachment; filename=\"a b.csv\"; filename*=UTF-8''a%20b.csv");
  EXPECT_EQ(content_disposition("\xC3\xA4\"\r\n.csv"),
            "attachment; filename=\"____.csv\"; filename*=UTF-8''%C3%A4%22%0D%0A.csv");
}

std::variant<ServeOptions, int> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "bowshot");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLine, EveryLimitIsAFlag) {
  const auto parsed =
      parse({"serve", "a=b.parquet", "c", "--port", "0", "--interactive-running", "1", "--waiting",
             "0", "--allow-origin", "http://a", "--allow-origin", "http://b"});
  const auto& options = std::get<ServeOptions>(parsed);
  EXPECT_EQ(options.datasets, (std::vector<std::string>{"a=b.parquet", "c"}));
  EXPECT_EQ(options.port, 0);
  EXPECT_EQ(options.limits.interactive_running, 1);
  EXPECT_EQ(options.limits.waiting, 0);
  EXPECT_EQ(options.allowed_origins.size(), 2U);
}

TEST(CommandLine, MistakesEndWithTwo) {
  EXPECT_EQ(std::get<int>(parse({"serve"})), 2);
  EXPECT_EQ(std::get<int>(parse({})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--port", "99999"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--streams-running", "0"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--no-such-flag"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--allow-origin", "https://a.b/path"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--allow-origin", "a.b"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--allow-host", "http://a"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--host", "0.0.0.0"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--host", "::"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--host", "example.org"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--no-tcp"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--listen", "/run/x"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--tls-cert", "c"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--tls-key", "k"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--log-format", "xml"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--config", "/nowhere/x.toml"})), 2);
  EXPECT_EQ(std::get<int>(parse({"serve", "x", "--host", "127.evil.example"})), 2);
  EXPECT_EQ(std::get<int>(parse({"--version"})), 0);
}

/// The rows of the tables of docs/configuration.md: table, key, type.
std::set<std::string> documented_keys() {
  std::ifstream file(BOWSHOT_DOCS "/configuration.md");
  std::set<std::string> keys;
  std::string table;
  const std::regex heading("## \\[(.+)\\]");
  const std::regex row("\\| `([a-z0-9_]+)` \\| ([a-z ]+) \\|.*");
  std::smatch found;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, found, heading)) table = found[1];
    if (std::regex_match(line, found, row))
      keys.insert(fmt::format("{} {}: {}", table, found[1].str(), found[2].str()));
  }
  return keys;
}

TEST(ConfigFile, EveryKeyIsDocumentedAndNoOther) {
  std::set<std::string> keys;
  for (const ConfigKey& key : config_keys())
    keys.insert(fmt::format("{} {}: {}", key.table, key.name, key.type));
  EXPECT_EQ(keys, documented_keys());
  EXPECT_GT(keys.size(), 30U);
}

TEST(Token, IsKnownAgainAndOnlyThen) {
  const auto token = Token::make("0123456789abcdef");
  ASSERT_TRUE(token);
  EXPECT_TRUE(token->matches("0123456789abcdef"));
  for (const char* other : {"", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeF"})
    EXPECT_FALSE(token->matches(other)) << other;
  EXPECT_FALSE(Token::make("0123456789abcde"));
  EXPECT_FALSE(Token::make(std::string(Token::kBytesMax + 1, 'x')));
  EXPECT_FALSE(Token::make("0123456789abcdef with blanks"));
  EXPECT_FALSE(Token::make("0123456789abcdef\n0123456789abcdef"));
}

TEST(Token, ComesInTheBearerScheme) {
  EXPECT_EQ(bearer_token(request_with({{"Authorization", "Bearer abc"}})), "abc");
  EXPECT_EQ(bearer_token(request_with({{"authorization", "bearer  abc "}})), "abc");
  EXPECT_FALSE(bearer_token(request_with({{"Authorization", "Basic abc"}})));
  EXPECT_FALSE(bearer_token(request_with({{"Authorization", "Bearer"}})));
  EXPECT_FALSE(bearer_token(request_with({})));
}

TEST(Cookies, AreFoundByTheirWholeName) {
  const auto request = request_with({{"Cookie", "ab=1; a=2;b=\"3\" ;c"}});
  EXPECT_EQ(cookie_value(request, "a"), "2");
  EXPECT_EQ(cookie_value(request, "ab"), "1");
  EXPECT_EQ(cookie_value(request, "b"), "\"3\"");
  for (const char* missing : {"c", "d", "", "A"}) EXPECT_EQ(cookie_value(request, missing), "");
}

TEST(Cookies, CountForTheServersOwnPageOnly) {
  EXPECT_TRUE(is_own_page(request_with({})));
  EXPECT_TRUE(is_own_page(request_with({{"Sec-Fetch-Site", "same-origin"}})));
  EXPECT_TRUE(is_own_page(request_with({{"Sec-Fetch-Site", "none"}})));
  EXPECT_TRUE(is_own_page(request_with({{"Host", "h:1"}, {"Origin", "http://h:1"}})));
  EXPECT_FALSE(is_own_page(request_with({{"Sec-Fetch-Site", "cross-site"}})));
  EXPECT_FALSE(is_own_page(request_with({{"Sec-Fetch-Site", "same-site"}})));
  EXPECT_FALSE(is_own_page(request_with({{"Host", "h:1"}, {"Origin", "http://h:2"}})));
  EXPECT_FALSE(is_own_page(request_with({{"Host", "h:1"}, {"Origin", "https://h:1"}})));
}

TEST(Sessions, EndADayAfterTheirLastUse) {
  auto now = std::chrono::steady_clock::now();
  Sessions sessions([&] { return now; });
  const std::string value = sessions.begin();
  EXPECT_EQ(value.size(), 64U);
  EXPECT_NE(value, sessions.begin());
  now += Sessions::kKept - std::chrono::seconds(1);
  EXPECT_TRUE(sessions.use(value));
  now += Sessions::kKept - std::chrono::seconds(1);
  EXPECT_TRUE(sessions.use(value));
  EXPECT_FALSE(sessions.use(value.substr(1)));
  now += Sessions::kKept;
  EXPECT_FALSE(sessions.use(value));
}

TEST(Sessions, AreBoundedTheOneUsedLeastLatelyGoes) {
  auto now = std::chrono::steady_clock::now();
  Sessions sessions([&] { return now; });
  const std::string first = sessions.begin();
  now += std::chrono::seconds(1);
  const std::string second = sessions.begin();
  now += std::chrono::seconds(1);
  for (size_t i = 2; i < Sessions::kSessionsMax; ++i) sessions.begin();
  now += std::chrono::seconds(1);
  EXPECT_TRUE(sessions.use(first));
  sessions.begin();
  EXPECT_FALSE(sessions.use(second));
  EXPECT_EQ(sessions.count(), Sessions::kSessionsMax);
  EXPECT_TRUE(sessions.use(first));
  sessions.begin();
  EXPECT_TRUE(sessions.use(first));
  sessions.clear();
  EXPECT_FALSE(sessions.use(first));
}

}  // namespace
}  // namespace bowshot
