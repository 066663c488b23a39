#include "common/http_status.h"

#include <httplib.h>

#include <catch2/catch.hpp>
#include <string>
#include <utility>

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

TEST_CASE("probes, metrics, status and further pages") {
  absl::Status ready = absl::UnavailableError("loading cut 7");
  HttpStatusServer::Options options;
  options.readyz = [&] { return ready; };
  options.metrics = [] { return "a_total 1\n"; };
  options.status = [] { return R"({"role":"server"})"; };
  options.pages["/"] = {"text/html", [] { return "<p>"; }};
  REQUIRE_OK_AND_ASSIGN(const auto server, HttpStatusServer::Start(std::move(options)));
  const int port = server->port();
  REQUIRE(port > 0);
  CHECK(Get(port, "/healthz") == std::pair<int, std::string>(200, "ok\n"));
  CHECK(Get(port, "/readyz") == std::pair<int, std::string>(503, "UNAVAILABLE: loading cut 7\n"));
  ready = absl::OkStatus();
  CHECK(Get(port, "/readyz").first == 200);
  CHECK(Get(port, "/metrics") == std::pair<int, std::string>(200, "a_total 1\n"));
  CHECK(Get(port, "/status") == std::pair<int, std::string>(200, R"({"role":"server"})"));
  CHECK(Get(port, "/") == std::pair<int, std::string>(200, "<p>"));
  CHECK(Get(port, "/nothing").first == 404);
}

TEST_CASE("only GET, and only for this host's names") {
  HttpStatusServer::Options options;
  options.allowed_hosts = {"Node-7.example"};
  REQUIRE_OK_AND_ASSIGN(const auto server, HttpStatusServer::Start(std::move(options)));
  const int port = server->port();
  CHECK(Get(port, "/healthz", "localhost:1234").first == 200);
  CHECK(Get(port, "/healthz", "[::1]:80").first == 200);
  CHECK(Get(port, "/healthz", "node-7.EXAMPLE:8071").first == 200);
  CHECK(Get(port, "/healthz", "evil.example").first == 403);
  CHECK(Get(port, "/healthz", "127.0.0.1.evil.example:80").first == 403);
  httplib::Client client("127.0.0.1", port);
  CHECK(client.Post("/status", "x", "text/plain")->status == 405);
  CHECK(client.Delete("/status")->status == 405);
}

TEST_CASE("a taken port is an error; shutting down frees it") {
  REQUIRE_OK_AND_ASSIGN(auto first, HttpStatusServer::Start({}));
  HttpStatusServer::Options options;
  options.port = first->port();
  REQUIRE_STATUS(HttpStatusServer::Start(options), absl::StatusCode::kUnavailable,
                 std::to_string(options.port));
  first->Shutdown();
  first->Shutdown();
  REQUIRE_OK_AND_ASSIGN(const auto second, HttpStatusServer::Start(options));
  REQUIRE(second->port() == options.port);
}

}  // namespace
}  // namespace paceline
