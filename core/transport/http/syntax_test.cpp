#include "transport/http/syntax.hpp"

#include <gtest/gtest.h>

namespace bowshot::http {
namespace {

TEST(Syntax, HostsLoseTheirPortAndTheirCase) {
  EXPECT_EQ(*parse_host("Example.COM:8080"), "example.com");
  EXPECT_EQ(*parse_host("127.0.0.1:80"), "127.0.0.1");
  EXPECT_EQ(*parse_host("[::1]:8765"), "[::1]");
  EXPECT_EQ(*parse_host("[FE80::A]"), "[fe80::a]");
  EXPECT_EQ(*parse_host("localhost:"), "localhost");
  EXPECT_EQ(*parse_host("a%41b"), "a%41b");
  EXPECT_EQ(*parse_host(""), "");
}

TEST(Syntax, HostsThatAreNoneAreRefused) {
  for (const char* host : {"a b",  "a/b",  "user@a", "a:80:80", "a:x",     "a:65536", "a:-1",
                           "a:+1", "[::1", "::1",    "[::1]x",  "[::1]80", "[]",      "[::g]",
                           "a%4",  "a%zz", "a,b@",   "a\\b",    "<a>",     "a\"b",    "[v1.x]"})
    EXPECT_FALSE(parse_host(host)) << host;
}

TEST(Syntax, NumbersHaveDigitsOnly) {
  EXPECT_EQ(parse_decimal("0"), 0);
  EXPECT_EQ(parse_decimal("007"), 7);
  EXPECT_EQ(parse_decimal("9223372036854775807"), INT64_MAX);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1,1", "0x1", "9223372036854775808", "1e3"})
    EXPECT_FALSE(parse_decimal(text)) << text;
  EXPECT_EQ(parse_hexadecimal("fF"), 255);
  for (const char* text : {"", "g", "0x5", "-5", "8000000000000000"})
    EXPECT_FALSE(parse_hexadecimal(text)) << text;
}

TEST(Syntax, TargetsComeInThreeForms) {
  const auto origin = parse_target("GET", "/a/b?x=1?y");
  EXPECT_EQ(origin->path, "/a/b");
  EXPECT_EQ(origin->query, "x=1?y");
  EXPECT_FALSE(origin->authority);
  const auto absolute = parse_target("GET", "HTTP://Host:1?x");
  EXPECT_EQ(absolute->path, "/");
  EXPECT_EQ(absolute->query, "x");
  EXPECT_EQ(absolute->authority, "Host:1");
  EXPECT_EQ(parse_target("OPTIONS", "*")->path, "*");
  EXPECT_EQ(parse_target("OPTIONS", "http://host")->path, "*");
  EXPECT_EQ(parse_target("OPTIONS", "http://host/")->path, "/");
  for (const char* target : {"*", "a", "host:80", "?x", "http:///x", "ftp://host/", "http:/x"})
    EXPECT_FALSE(parse_target("GET", target)) << target;
}

TEST(Syntax, ListsSkipEmptyElements) {
  EXPECT_EQ(split_list(" a ,, b\t,"), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_TRUE(split_list(" , ,").empty());
}

TEST(Syntax, FieldLinesAreTrimmedButNotRepaired) {
  const auto field = parse_field_line("X-a:\t b c \t");
  EXPECT_EQ(field->name, "X-a");
  EXPECT_EQ(field->value, "b c");
  EXPECT_EQ(parse_field_line("a:")->value, "");
  EXPECT_EQ(parse_field_line("a:\xe4")->value, "\xe4");
  for (const char* line : {"", ":", " a: b", "\ta: b", "a : b", "a", "a b: c", "a\x01: b",
                           "a: \x7f", "a: b\x01", "\"a\": b", "a\xe4: b"})
    EXPECT_FALSE(parse_field_line(line)) << line;
}

TEST(Syntax, RequestLinesHaveThreeParts) {
  const auto line = parse_request_line("GET /a HTTP/1.0");
  EXPECT_EQ(line->method, "GET");
  EXPECT_EQ(line->target, "/a");
  EXPECT_EQ(line->version_minor, 0);
  EXPECT_EQ(parse_request_line("GET / HTTP/1.9")->version_minor, 9);
  const auto code = [](const char* text) { return parse_request_line(text).error().code; };
  for (const char* text :
       {"GET", "GET ", "GET /", "GET  / HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ",
        "GET /a b HTTP/1.1", "GET / http/1.1", "GET / HTTP/11", "GET / HTTP/1.", "GET / HTTP/1.10",
        "GET /\t HTTP/1.1", "GET\t/ HTTP/1.1", "G(T / HTTP/1.1", "GET /#a HTTP/1.1",
        "GET /\xe4 HTTP/1.1", ""})
    EXPECT_EQ(code(text), ErrorCode::kBadRequest) << text;
  EXPECT_EQ(code("PRI * HTTP/2.0"), ErrorCode::kUnknownHttpVersion);
  EXPECT_EQ(code("GET / HTTP/0.9"), ErrorCode::kUnknownHttpVersion);
}

}  // namespace
}  // namespace bowshot::http
