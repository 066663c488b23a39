#include "common/http/http_tls.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/fake_clock.h"
#include "common/http/http_limits.h"
#include "common/http/http_message.h"
#include "common/http/http_server.h"
#include "common/security/certificates.h"
#include "common/security/identity.h"
#include "common/security/openssl_handles.h"
#include "common/security/tls_dir.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

// A folder of the test's own.
std::string Folder(const std::string& name) {
  const char* const root = std::getenv("TEST_TMPDIR");
  return std::string(root != nullptr ? root : "/tmp") + "/" + name;
}

KeyAndCertificate NewCa() {
  REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate ca, MakeCa(RealClock().Now()));
  return ca;
}

// A folder with a certificate, where `trusted` are taken beside the authority's own.
std::string Issued(const KeyAndCertificate& ca, const std::string& name, const Identity& identity,
                   const std::string& trusted = "") {
  REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate issued,
                        IssueCertificate(ca, {.identity = identity,
                                              .hosts = {"localhost", "127.0.0.1"},
                                              .now = RealClock().Now()}));
  REQUIRE_OK(WriteTlsDir(Folder(name), {ca.certificate + trusted, issued.certificate, issued.key}));
  return Folder(name);
}

// Signed by itself, and names nobody.
KeyAndCertificate Nobody() {
  const openssl::Key key(EVP_EC_gen("P-256"));
  const openssl::Certificate certificate(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  return {.key = openssl::Pem(key.get()), .certificate = openssl::Pem(certificate.get())};
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

std::unique_ptr<HttpServer> WhoServer(const std::string& dir, Clock* clock = nullptr) {
  HttpServer::Options options;
  options.clock = clock;
  options.tls = HttpTls::InDir(dir);
  options.get["/who"] = [](const HttpRequest& request) {
    return HttpResponse{.body = request.peer.has_value() ? IdentityText(*request.peer) : "nobody"};
  };
  auto server = HttpServer::Start(std::move(options));
  REQUIRE_OK(server);
  return *std::move(server);
}

TEST_CASE("a certificate of the cluster's authority opens all pages, none opens the probes") {
  const KeyAndCertificate ca = NewCa();
  const KeyAndCertificate nobody = Nobody();
  const auto server = WhoServer(Issued(ca, "server", {Role::kServer, "s0"}, nobody.certificate));
  const int port = server->port();
  const std::string eve = Issued(ca, "eve", {Role::kViewer, "eve"});
  CHECK(Get(port, eve, "/who") == "viewer eve");
  CHECK(Get(port, eve, "/who", TLS1_2_VERSION) == "viewer eve");
  CHECK(Get(port, eve, "/nothing") == "404");
  CHECK(Get(port, "", "/healthz") == "ok\n");
  CHECK(Get(port, "", "/readyz") == "ok\n");
  CHECK(Get(port, "", "/who") == "403");
  CHECK(Get(port, "", "/version") == "403");
  CHECK(Get(port, Issued(NewCa(), "mallory", {Role::kAdmin, "mallory"}), "/who") == "no answer");
  // Of an authority that is trusted.
  const std::string nameless = Folder("nameless");
  REQUIRE_OK(WriteTlsDir(nameless, {ca.certificate, nobody.certificate, nobody.key}));
  CHECK(Get(port, nameless, "/healthz") == "ok\n");
  CHECK(Get(port, nameless, "/who") == "403");
  CHECK(Get(port, "", "/healthz", TLS1_1_VERSION) == "no answer");
  httplib::Client plain("127.0.0.1", port);
  CHECK_FALSE(plain.Get("/healthz"));
}

TEST_CASE("clients that do not begin their handshakes hold no threads") {
  // Stands still: no limit of time helps.
  FakeClock clock;
  const auto server = WhoServer(Issued(NewCa(), "silent", {Role::kServer, "s0"}), &clock);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(server->port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::vector<int> silent;
  for (int i = 0; i < 2 * kHttpThreads; ++i) {
    silent.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(silent.back(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }
  CHECK(Get(server->port(), "", "/healthz") == "ok\n");
  for (const int fd : silent) close(fd);
}

TEST_CASE("certificates are replaced while the server runs") {
  const Identity identity = {Role::kServer, "s"};
  const HttpTls files = HttpTls::InDir(Issued(NewCa(), "rotated", identity));
  FakeClock clock;
  REQUIRE_OK_AND_ASSIGN(const auto tls, HttpTlsContext::Load(files, &clock));
  const std::shared_ptr<SSL_CTX> first = tls->Current();
  clock.Advance(absl::Seconds(2));
  CHECK(tls->Current() == first);
  (void)Issued(NewCa(), "rotated", identity);
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
  (void)Issued(NewCa(), "rotated", identity);
  clock.Advance(absl::Seconds(1));
  CHECK(tls->Current() != second);
}

TEST_CASE("files that cannot be used are named") {
  const KeyAndCertificate ca = NewCa();
  FakeClock clock;
  const auto spoilt = [&](const std::string& file, const std::string& text) {
    const std::string dir = Issued(ca, "spoilt", {Role::kServer, "s"});
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
