// Bytes on a connection to a daemon's pages, whatever they are: the server answers or closes,
// and serves the next one. What changes something is reached by nothing that names another
// host or another origin.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/http/http_message.h"
#include "common/http/http_server.h"
#include "tests/fuzz/fuzz_target.h"

namespace paceline::fuzz {
namespace {

HttpServer& Server() {
  static HttpServer& server = *[] {
    HttpServer::Options options;
    options.role = "scheduler";
    options.get["/status"] = HttpPage(kHttpJson, [] { return "{}"; });
    options.get["/static/"] = [](const HttpRequest& request) {
      return HttpResponse{.body = request.path};
    };
    options.post["/api/"] = [](const HttpRequest& request) {
      const auto host = request.headers.find("host");
      PL_CHECK(host != request.headers.end());
      PL_CHECK(!absl::StrContains(host->second, "evil"));
      const auto origin = request.headers.find("origin");
      PL_CHECK(origin == request.headers.end() || !absl::StrContains(origin->second, "evil"));
      return HttpResponse{.body = request.body};
    };
    auto started = HttpServer::Start(std::move(options));
    PL_CHECK(started.ok());
    return started->release();
  }();
  return server;
}

// All that comes back.
std::string Exchange(absl::string_view bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PL_CHECK(fd >= 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(Server().port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  PL_CHECK(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;  // it has heard enough
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  shutdown(fd, SHUT_WR);
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
    answer.append(buffer, static_cast<size_t>(got));
  }
  close(fd);
  return answer;
}

}  // namespace

std::vector<std::string> Seeds() {
  return {
      "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "HEAD /healthz HTTP/1.0\r\nHost: 127.0.0.1:80\r\n\r\n",
      "GET /static/a%20b?x=1&y=%zz HTTP/1.1\r\nHost: [::1]:8070\r\nRange: bytes=0-1,2-\r\n\r\n",
      "POST /api/jobs/7/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Origin: http://localhost\r\nContent-Length: 15\r\n\r\n{\"reason\":\"no\"}",
      "POST /api/x HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\n\r\n{}",
      "POST /api/x HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
      "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      "DELETE / HTTP/1.1\r\n\r\n"};
}

void FuzzOne(absl::string_view input) {
  (void)Exchange(input);
  const std::string probe = Exchange("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  PL_CHECK(absl::StartsWith(probe, "HTTP/1.1 200"));
}

}  // namespace paceline::fuzz
