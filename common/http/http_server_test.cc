#include "common/http/http_server.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/fake_clock.h"
#include "common/http/http_limits.h"
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

int Connected(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  return fd;
}

void Say(int fd, const std::string& bytes) {
  (void)send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

// Until the server closes.
std::string Hear(int fd) {
  std::string answer;
  char bytes[4096];
  for (ssize_t n = 0; (n = recv(fd, bytes, sizeof(bytes), 0)) > 0;) {
    answer.append(bytes, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

// What the server answers to exactly these bytes.
std::string Raw(int port, const std::string& request) {
  const int fd = Connected(port);
  Say(fd, request);
  shutdown(fd, SHUT_WR);
  return Hear(fd);
}

TEST_CASE("requests that are too large, or none") {
  HttpServer::Options options;
  options.get["/page"] = HttpPage(kHttpText, [] { return std::string("0123456789"); });
  options.post["/post"] = [](const HttpRequest& request) {
    return HttpResponse{.body = std::to_string(request.body.size())};
  };
  REQUIRE_OK_AND_ASSIGN(const auto server, HttpServer::Start(std::move(options)));
  const int port = server->port();
  const auto status = [&](const std::string& request) {
    return Raw(port, request).substr(0, std::string("HTTP/1.1 200").size());
  };
  const std::string host = "Host: localhost\r\n";
  CHECK(status("GET /page HTTP/1.1\r\n" + host + "\r\n") == "HTTP/1.1 200");
  CHECK(status("GET /page HTTP/1.1\r\n\r\n") == "HTTP/1.1 403");
  CHECK(status("GET\r\n\r\n") == "HTTP/1.1 400");
  CHECK(status("").empty());
  CHECK(status("\x16\x03\x01") == "HTTP/1.1 400");
  CHECK(status("GET /" + std::string(kLongestHttpPath, 'x') + " HTTP/1.1\r\n" + host + "\r\n") ==
        "HTTP/1.1 414");
  // Headers without end: no answer, and no memory.
  std::string many = "GET /page HTTP/1.1\r\n" + host;
  while (many.size() < 2 * (kMostHttpHeadBytes + kMostHttpBodyBytes)) many += "A: b\r\n";
  CHECK(status(many) != "HTTP/1.1 200");
  const std::string json = "POST /post HTTP/1.1\r\n" + host + "Content-Type: application/json\r\n";
  const auto post = [&](size_t bytes) {
    return status(json + "Content-Length: " + std::to_string(bytes) + "\r\n\r\n" +
                  std::string(bytes, ' '));
  };
  CHECK(post(0) == "HTTP/1.1 200");
  CHECK(post(kMostHttpBodyBytes) == "HTTP/1.1 200");
  CHECK(post(kMostHttpBodyBytes + 1) == "HTTP/1.1 413");
  // A page is sent once, whatever parts of it are asked for.
  std::string ranges = "Range: bytes=0-9";
  for (int i = 0; i < 1000; ++i) ranges += ",0-9";
  const std::string once = Raw(port, "GET /page HTTP/1.1\r\n" + host + ranges + "\r\n\r\n");
  CHECK(once.substr(0, 12) == "HTTP/1.1 200");
  CHECK(once.size() < 1000);
}

TEST_CASE("connections beyond the limit are refused, and the others served") {
  HttpServer::Options options;
  options.most_connections = 1;
  REQUIRE_OK_AND_ASSIGN(const auto server, HttpServer::Start(std::move(options)));
  {
    // Occupies the only place until it has gone.
    const int silent = Connected(server->port());
    CHECK_FALSE(httplib::Client("127.0.0.1", server->port()).Get("/healthz"));
    close(silent);
  }
  // The server sees that it has gone in its own time.
  httplib::Client client("127.0.0.1", server->port());
  httplib::Result result = client.Get("/healthz");
  while (!result) result = client.Get("/healthz");
  CHECK(result->status == 200);
}

TEST_CASE("silent connections hold no thread, and of too many the oldest are closed") {
  // Time stands still: no limit of it helps.
  FakeClock clock;
  HttpServer::Options options;
  options.clock = &clock;
  SECTION("more than threads") {
    REQUIRE_OK_AND_ASSIGN(const auto server, HttpServer::Start(std::move(options)));
    std::vector<int> silent;
    for (int i = 0; i < 2 * kHttpThreads; ++i) silent.push_back(Connected(server->port()));
    CHECK(Get(server->port(), "/healthz").first == 200);
    server->Shutdown();
    for (const int fd : silent) CHECK(Hear(fd).empty());
  }
  SECTION("more than places") {
    options.most_connections = 8;
    REQUIRE_OK_AND_ASSIGN(const auto server, HttpServer::Start(std::move(options)));
    std::vector<int> silent;
    for (int i = 0; i < 8; ++i) silent.push_back(Connected(server->port()));
    for (int i = 0; i < 4; ++i) CHECK(Hear(silent[static_cast<size_t>(i)]).empty());
    CHECK(Get(server->port(), "/healthz").first == 200);
    for (int i = 4; i < 8; ++i) close(silent[static_cast<size_t>(i)]);
  }
}

TEST_CASE("the time of a request begins when a thread takes it") {
  FakeClock clock;
  absl::Notification over;
  HttpServer::Options options;
  options.clock = &clock;
  options.most_connections = kHttpThreads + 1;
  options.get["/slow"] = HttpPage(kHttpText, [&] {
    over.WaitForNotification();
    return std::string("done");
  });
  REQUIRE_OK_AND_ASSIGN(const auto server, HttpServer::Start(std::move(options)));
  const std::string host = "Host: localhost\r\n\r\n";
  std::vector<int> busy;
  for (int i = 0; i < kHttpThreads; ++i) {
    busy.push_back(Connected(server->port()));
    Say(busy.back(), "GET /slow HTTP/1.1\r\n" + host);
  }
  const int queued = Connected(server->port());
  Say(queued, "GET /healthz HTTP/1.1\r\n");
  // There is no room for another one: the queued one was accepted.
  CHECK(Raw(server->port(), "").empty());
  clock.Advance(kHttpRequestTime);
  over.Notify();
  Say(queued, host);
  CHECK(Hear(queued).find("HTTP/1.1 200") == 0);
  for (const int fd : busy) CHECK(Hear(fd).find("HTTP/1.1 200") == 0);
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
