#include "common/http/http_tls.h"

#include <httplib.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "common/fake_clock.h"
#include "common/http/http_message.h"
#include "common/http/http_server.h"
#include "common/http/test_certificates.h"
#include "common/security/identity.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

using testing::TestAuthority;

// A folder with a certificate.
std::string Issued(const TestAuthority& authority, const std::string& name,
                   const std::string& uris) {
  const char* const root = std::getenv("TEST_TMPDIR");
  const std::string dir = std::string(root != nullptr ? root : "/tmp") + "/" + name;
  std::filesystem::create_directories(dir);
  authority.Issue(dir, uris);
  return dir;
}

// The status, "no answer", or for 200 the body. An empty folder: no certificate.
std::string Get(int port, const std::string& dir, const std::string& path,
                int most_version = TLS1_3_VERSION) {
  httplib::SSLClient client("localhost", port, dir.empty() ? "" : dir + "/tls.crt",
                            dir.empty() ? "" : dir + "/tls.key");
  client.enable_server_certificate_verification(false);
  SSL_CTX_set_max_proto_version(client.ssl_context(), most_version);
  const httplib::Result result = client.Get(path.c_str());
  if (!result) return "no answer";
  return result->status == 200 ? result->body : std::to_string(result->status);
}

std::unique_ptr<HttpServer> WhoServer(const std::string& dir) {
  HttpServer::Options options;
  options.tls = HttpTls::InDir(dir);
  options.get["/who"] = [](const HttpRequest& request) {
    return HttpResponse{.body = request.peer.has_value() ? IdentityText(*request.peer) : "nobody"};
  };
  auto server = HttpServer::Start(std::move(options));
  REQUIRE_OK(server);
  return *std::move(server);
}

TEST_CASE("a certificate of the cluster's authority opens all pages, none opens the probes") {
  const TestAuthority authority;
  const TestAuthority stranger;
  const auto server = WhoServer(Issued(authority, "server", "URI:spiffe://paceline/server/s0"));
  const int port = server->port();
  const std::string eve = Issued(authority, "eve", "URI:spiffe://paceline/viewer/eve");
  CHECK(Get(port, eve, "/who") == "viewer eve");
  CHECK(Get(port, eve, "/who", TLS1_2_VERSION) == "viewer eve");
  CHECK(Get(port, eve, "/nothing") == "404");
  CHECK(Get(port, "", "/healthz") == "ok\n");
  CHECK(Get(port, "", "/readyz") == "ok\n");
  CHECK(Get(port, "", "/who") == "403");
  CHECK(Get(port, "", "/version") == "403");
  CHECK(Get(port, Issued(stranger, "mallory", "URI:spiffe://paceline/admin/mallory"), "/who") ==
        "no answer");
  // Of the authority, and nobody, or not one, of a cluster.
  CHECK(Get(port, Issued(authority, "nameless", ""), "/who") == "403");
  CHECK(Get(port, Issued(authority, "other", "URI:https://paceline/admin/a"), "/who") == "403");
  CHECK(Get(port,
            Issued(authority, "two", "URI:spiffe://paceline/user/a,URI:spiffe://paceline/admin/a"),
            "/who") == "403");
  CHECK(Get(port, "", "/healthz", TLS1_1_VERSION) == "no answer");
  httplib::Client plain("127.0.0.1", port);
  CHECK_FALSE(plain.Get("/healthz"));
}

TEST_CASE("certificates are replaced while the server runs") {
  const TestAuthority before;
  const TestAuthority after;
  const HttpTls files = HttpTls::InDir(Issued(before, "rotated", "URI:spiffe://paceline/server/s"));
  FakeClock clock;
  REQUIRE_OK_AND_ASSIGN(const auto tls, HttpTlsContext::Load(files, &clock));
  const std::shared_ptr<SSL_CTX> first = tls->Current();
  clock.Advance(absl::Seconds(2));
  CHECK(tls->Current() == first);
  (void)Issued(after, "rotated", "URI:spiffe://paceline/server/s");
  // Looks once a second.
  CHECK(tls->Current() == first);
  clock.Advance(absl::Seconds(1));
  const std::shared_ptr<SSL_CTX> second = tls->Current();
  CHECK(second != first);
  // Half of a rotation, or a mistake: the one before goes on.
  std::ofstream(files.key_file) << "no key";
  clock.Advance(absl::Seconds(1));
  CHECK(tls->Current() == second);
  std::filesystem::remove(files.key_file);
  clock.Advance(absl::Seconds(1));
  CHECK(tls->Current() == second);
  (void)Issued(after, "rotated", "URI:spiffe://paceline/server/s");
  clock.Advance(absl::Seconds(1));
  CHECK(tls->Current() != second);
}

TEST_CASE("files that cannot be used are named") {
  const TestAuthority authority;
  FakeClock clock;
  const auto spoilt = [&](const std::string& file, const std::string& text) {
    const std::string dir = Issued(authority, "spoilt", "");
    std::ofstream(dir + "/" + file) << text;
    return HttpTlsContext::Load(HttpTls::InDir(dir), &clock).status();
  };
  for (const std::string file : {"ca.crt", "tls.crt", "tls.key"}) {
    CHECK_STATUS(spoilt(file, "nonsense"), absl::StatusCode::kInvalidArgument, "spoilt/" + file);
  }
  HttpServer::Options options;
  options.tls = HttpTls::InDir("/nonexistent");
  CHECK_STATUS(HttpServer::Start(std::move(options)).status(), absl::StatusCode::kInvalidArgument,
               "/nonexistent/tls.crt");
}

}  // namespace
}  // namespace paceline
