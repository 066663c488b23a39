#include "common/http/http_server.h"

#include <httplib.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/http/http_message.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

std::pair<int, std::string> Get(int port, const std::string& path, const std::string& host = "") {
  httplib::Client client("127.0.0.1", port);
  httplib::Headers headers;
  if (!host.empty()) headers.emplace("Host", host);
  const httplib::Result result = client.Get(path.c_str(), headers);
  REQUIRE(result);
  return {result->status, result->body};
}

TEST_CASE("probes, the version, and further pages") {
  absl::Status ready = absl::UnavailableError("loading cut 7");
  HttpServer::Options options;
  options.role = "server";
  options.readyz = [&] { return ready; };
  options.get["/metrics"] = HttpPage(kHttpPrometheus, [] { return "a_total 1\n"; });
  options.get["/"] = HttpPage(kHttpHtml, [] { return "<p>"; });
  options.get["/static/"] = [](const HttpRequest& request) {
    return HttpResponse{.body = request.path + "?" + request.query.at("v")};
  };
  REQUIRE_OK_AND_ASSIGN(const auto server, HttpServer::Start(std::move(options)));
  const int port = server->port();
  REQUIRE(port > 0);
  CHECK(Get(port, "/healthz") == std::pair<int, std::string>(200, "ok\n"));
  CHECK(Get(port, "/readyz") == std::pair<int, std::string>(503, "UNAVAILABLE: loading cut 7\n"));
  ready = absl::OkStatus();
  CHECK(Get(port, "/readyz").first == 200);
  CHECK(Get(port, "/metrics") == std::pair<int, std::string>(200, "a_total 1\n"));
  CHECK(Get(port, "/static/a.js?v=2") == std::pair<int, std::string>(200, "/static/a.js?2"));
  CHECK(Get(port, "/nothing").first == 404);
  const nlohmann::json version = nlohmann::json::parse(Get(port, "/version").second);
  CHECK(version.at("role") == "server");
  CHECK_FALSE(version.at("version").get<std::string>().empty());
  CHECK_FALSE(version.at("started").get<std::string>().empty());

  httplib::Client client("127.0.0.1", port);
  const httplib::Result page = client.Get("/");
  REQUIRE(page);
  CHECK(page->body == "<p>");
  CHECK(page->get_header_value("Content-Type") == kHttpHtml);
  CHECK(page->get_header_value("Content-Security-Policy").find("default-src 'self'") == 0);
  CHECK(page->get_header_value("X-Content-Type-Options") == "nosniff");
  CHECK(page->get_header_value("Cache-Control") == "no-store");
  const httplib::Result head = client.Head("/metrics");
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->body.empty());
}

TEST_CASE("only for this host's names, and nothing is changed by the way") {
  HttpServer::Options options;
  options.allowed_hosts = {"Node-7.example"};
  options.post["/jobs/"] = [](const HttpRequest& request) {
    return HttpResponse{.status = 202, .content_type = kHttpJson, .body = request.body};
  };
  REQUIRE_OK_AND_ASSIGN(const auto server, HttpServer::Start(std::move(options)));
  const int port = server->port();
  CHECK(Get(port, "/healthz", "localhost:1234").first == 200);
  CHECK(Get(port, "/healthz", "node-7.EXAMPLE:8071").first == 200);
  CHECK(Get(port, "/healthz", "evil.example").first == 403);
  httplib::Client client("127.0.0.1", port);
  CHECK(client.Post("/healthz", "x", "text/plain")->status == 405);
  CHECK(client.Delete("/healthz")->status == 405);
  CHECK(client.Post("/jobs/7/cancel", "{}", "text/plain")->status == 415);
  const httplib::Headers evil = {{"Origin", "http://evil.example"}};
  CHECK(client.Post("/jobs/7/cancel", evil, "{}", "application/json")->status == 403);
  const httplib::Result done = client.Post("/jobs/7/cancel", "{}", "application/json");
  REQUIRE(done);
  CHECK(done->status == 202);
  CHECK(done->body == "{}");
}

TEST_CASE("a taken port is an error; shutting down frees it") {
  REQUIRE_OK_AND_ASSIGN(auto first, HttpServer::Start({}));
  HttpServer::Options options;
  options.port = first->port();
  REQUIRE_STATUS(HttpServer::Start(options), absl::StatusCode::kUnavailable,
                 std::to_string(options.port));
  first->Shutdown();
  first->Shutdown();
  REQUIRE_OK_AND_ASSIGN(const auto second, HttpServer::Start(options));
  REQUIRE(second->port() == options.port);
}

}  // namespace
}  // namespace paceline
