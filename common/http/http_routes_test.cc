#include "common/http/http_routes.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "common/http/http_limits.h"
#include "common/http/http_message.h"
#include "common/security/identity.h"

namespace paceline {
namespace {

HttpHandler Says(const std::string& text) {
  return HttpPage(kHttpText, [text] { return text; });
}

HttpRequest To(const std::string& path, const std::string& host = "127.0.0.1:8070") {
  HttpRequest request;
  request.path = path;
  if (!host.empty()) request.headers["host"] = host;
  return request;
}

// What a client gets: the status, and for 200 the body.
std::string Ask(const HttpRoutes& routes, const std::string& method, const HttpRequest& request) {
  if (const std::optional<HttpResponse> refusal = routes.Refuse(method, request)) {
    CHECK(refusal->status >= 400);
    CHECK_FALSE(refusal->body.empty());
    return std::to_string(refusal->status);
  }
  return routes.Answer(method, request).body;
}

HttpRoutes::Options Pages() {
  HttpRoutes::Options options;
  options.get = {{"/", Says("root")},
                 {"/status", Says("status")},
                 {"/static/", Says("static")},
                 {"/static/deep/", Says("deep")},
                 {"/static/deep/one", Says("one")}};
  options.post = {{"/jobs/", Says("job")}};
  return options;
}

TEST_CASE("a path finds its page, or the longest folder that it is in") {
  const HttpRoutes routes(Pages());
  struct Case {
    std::string method;
    std::string path;
    std::string answer;
  };
  const Case cases[] = {
      {"GET", "/", "root"},
      {"HEAD", "/", "root"},
      {"GET", "/status", "status"},
      {"GET", "/status/", "404"},
      {"GET", "/statu", "404"},
      {"GET", "/static", "404"},
      {"GET", "/static/", "static"},
      {"GET", "/static/a/b", "static"},
      {"GET", "/static/deep", "static"},
      {"GET", "/static/deep/two", "deep"},
      {"GET", "/static/deep/one", "one"},
      {"GET", "", "404"},
      {"GET", "status", "404"},
      {"GET", "//", "404"},
      {"GET", "/jobs/7/cancel", "405"},
      {"POST", "/status", "405"},
      {"POST", "/nothing", "404"},
      {"DELETE", "/status", "405"},
      {"PUT", "/jobs/7", "405"},
      {"OPTIONS", "/status", "405"},
      {"GET", "/status\n", "400"},
      {"GET", std::string("/status\0", 8), "400"},
      {"GET", std::string(kLongestHttpPath + 1, '/'), "414"},
      {"GET", std::string(kLongestHttpPath, '/'), "404"},
  };
  for (const Case& c : cases) {
    INFO(c.method << " " << c.path);
    CHECK(Ask(routes, c.method, To(c.path)) == c.answer);
  }
}

TEST_CASE("a request names this host, or an address") {
  HttpRoutes::Options options = Pages();
  options.hosts = {"Node-7.example"};
  const HttpRoutes routes(options);
  for (const std::string host : {"localhost:1234", "LocalHost", "[::1]:80", "127.0.0.1",
                                 "10.1.2.3:8070", "[fe80::1]:8070", "node-7.EXAMPLE:8071"}) {
    INFO(host);
    CHECK(Ask(routes, "GET", To("/status", host)) == "status");
  }
  for (const std::string host : {"", "evil.example", "127.0.0.1.evil.example:80", "[::1", "[", "]",
                                 "[evil.example]", "1.2.3", "0x7f.1", ":80", "localhost.evil"}) {
    INFO(host);
    CHECK(Ask(routes, "GET", To("/status", host)) == "403");
  }
}

TEST_CASE("what changes something is JSON, from nobody's page or from one of this server") {
  const HttpRoutes routes(Pages());
  HttpRequest request = To("/jobs/7/cancel", "localhost:8070");
  CHECK(Ask(routes, "POST", request) == "415");
  for (const std::string type :
       {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "text/plain; application/json", "application/jsonp", ""}) {
    INFO(type);
    request.headers["content-type"] = type;
    CHECK(Ask(routes, "POST", request) == "415");
  }
  for (const std::string type :
       {"application/json", "Application/JSON; charset=utf-8", "application/json ;x"}) {
    INFO(type);
    request.headers["content-type"] = type;
    CHECK(Ask(routes, "POST", request) == "job");
  }
  for (const std::string origin : {"http://localhost:8070", "https://LOCALHOST:8070"}) {
    INFO(origin);
    request.headers["origin"] = origin;
    CHECK(Ask(routes, "POST", request) == "job");
  }
  for (const std::string origin :
       {"null", "http://evil.example", "http://localhost:666", "http://localhost",
        "http://127.0.0.1:8070", "localhost:8070x", "http://http://localhost:8070"}) {
    INFO(origin);
    request.headers["origin"] = origin;
    CHECK(Ask(routes, "POST", request) == "403");
  }
}

TEST_CASE("without a certificate, where one is expected, only what is open") {
  HttpRoutes::Options options = Pages();
  options.get["/healthz"] = Says("ok");
  options.certificate_expected = true;
  options.open_paths = {"/healthz", "/jobs/7"};
  const HttpRoutes routes(options);
  CHECK(Ask(routes, "GET", To("/healthz")) == "ok");
  CHECK(Ask(routes, "HEAD", To("/healthz")) == "ok");
  CHECK(Ask(routes, "GET", To("/status")) == "403");
  CHECK(Ask(routes, "GET", To("/nothing")) == "403");
  CHECK(Ask(routes, "GET", To("/healthz", "evil.example")) == "403");
  HttpRequest post = To("/jobs/7");
  post.headers["content-type"] = kHttpJson;
  CHECK(Ask(routes, "POST", post) == "403");
  post.peer = Identity{.role = Role::kViewer, .name = "eve"};
  CHECK(Ask(routes, "POST", post) == "job");
  HttpRequest status = To("/status");
  status.peer = post.peer;
  CHECK(Ask(routes, "GET", status) == "status");
}

TEST_CASE("handlers see the request") {
  HttpRoutes::Options options;
  options.get["/echo/"] = [](const HttpRequest& request) {
    return HttpResponse{.status = 202, .body = request.path + request.query.at("a")};
  };
  const HttpRoutes routes(options);
  HttpRequest request = To("/echo/x");
  request.query["a"] = "b";
  REQUIRE_FALSE(routes.Refuse("GET", request).has_value());
  const HttpResponse response = routes.Answer("GET", request);
  CHECK(response.status == 202);
  CHECK(response.body == "/echo/xb");
  CHECK(routes.Answer("POST", request).status == 404);
}

}  // namespace
}  // namespace paceline
