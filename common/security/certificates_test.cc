#include "common/security/certificates.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/security/certificate_facts.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

const auto kInvalid = absl::StatusCode::kInvalidArgument;
const auto kFailed = absl::StatusCode::kFailedPrecondition;

absl::Time Now() { return absl::FromUnixSeconds(1'800'000'000); }

KeyAndCertificate Ca() {
  const auto ca = MakeCa(Now());
  REQUIRE(ca.ok());
  return *ca;
}

CertificateRequest ServerRequest() {
  return {.identity = {Role::kServer, "vm2"},
          .hosts = {"vm2", "VM2.example.com", "10.0.0.2", "fd00::2", "*.pods.local"},
          .now = Now()};
}

TEST_CASE("a certificate says who, for which hosts and how long") {
  const KeyAndCertificate ca = Ca();
  REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate issued, IssueCertificate(ca, ServerRequest()));
  REQUIRE_OK_AND_ASSIGN(const CertificateFacts facts, ReadCertificate(issued.certificate));
  CHECK(facts.subject == "CN=server vm2,O=Paceline");
  CHECK(facts.uris == std::vector<std::string>{"spiffe://paceline/server/vm2"});
  CHECK(facts.hosts ==
        std::vector<std::string>{"vm2", "vm2.example.com", "10.0.0.2", "fd00::2", "*.pods.local"});
  CHECK(facts.begins == Now() - absl::Minutes(5));
  CHECK(facts.ends == Now() + absl::Hours(24 * 365));
  REQUIRE_OK_AND_ASSIGN(const CertificateFacts authority, ReadCertificate(ca.certificate));
  CHECK(authority.subject == facts.issuer);
  CHECK(authority.ends == Now() + absl::Hours(24 * 3650));
}

TEST_CASE("a certificate is for its hosts and for no others") {
  REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate issued, IssueCertificate(Ca(), ServerRequest()));
  for (const char* host : {"vm2", "vm2.example.com", "10.0.0.2", "fd00::2", "a.pods.local"}) {
    CAPTURE(host);
    CHECK(CoversHost(issued.certificate, host));
  }
  for (const char* host :
       {"vm3", "10.0.0.3", "fd00::3", "a.b.pods.local", "pods.local", "", "server vm2"}) {
    CAPTURE(host);
    CHECK_FALSE(CoversHost(issued.certificate, host));
  }
  CHECK_FALSE(CoversHost("no certificate", "vm2"));
}

TEST_CASE("keys and serial numbers are never the same") {
  const KeyAndCertificate ca = Ca();
  REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate first, IssueCertificate(ca, ServerRequest()));
  REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate second, IssueCertificate(ca, ServerRequest()));
  CHECK(first.key != second.key);
  CHECK(ReadCertificate(first.certificate)->serial != ReadCertificate(second.certificate)->serial);
  CHECK_OK(CheckKeyMatches(first.key, first.certificate));
  CHECK_STATUS(CheckKeyMatches(first.key, second.certificate), kFailed, "not that of");
}

TEST_CASE("a certificate is taken by who trusts its authority, while it lasts") {
  const KeyAndCertificate ca = Ca();
  const KeyAndCertificate other = Ca();
  CertificateRequest request = ServerRequest();
  request.days = 1;
  REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate issued, IssueCertificate(ca, request));
  CHECK_OK(CheckIssuedBy(issued.certificate, ca.certificate, Now()));
  CHECK_OK(CheckIssuedBy(issued.certificate, other.certificate + ca.certificate, Now()));
  CHECK_STATUS(CheckIssuedBy(issued.certificate, other.certificate, Now()), kFailed, "issuer");
  CHECK_STATUS(CheckIssuedBy(issued.certificate, ca.certificate, Now() + absl::Hours(25)), kFailed,
               "expired");
  CHECK_STATUS(CheckIssuedBy(issued.certificate, ca.certificate, Now() - absl::Minutes(6)), kFailed,
               "not yet valid");
  // No certificate of ours may issue others.
  REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate forged, IssueCertificate(issued, request));
  CHECK_STATUS(CheckIssuedBy(forged.certificate + issued.certificate, ca.certificate, Now()),
               kFailed, "CN=server vm2");
}

// Self-signed, for clients alone (extended key usage clientAuth).
constexpr char kClientOnly[] = R"(-----BEGIN CERTIFICATE-----
MIIBjjCCATSgAwIBAgIUERXA9Wcm4or047faQJ2icWzQsrYwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGY2xpZW50MCAXDTI2MTEyMjExMDMzNFoYDzIxMjYxMDI5MTEw
MzM0WjARMQ8wDQYDVQQDDAZjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAQWA2zZLSecSI2ReiI8ocjudkVktgLGiYNT++zY5wWGDsEiKq5+Jv3zPiqUGMbf
/AAgxOJIsJoT5zeAAnGPX43vo2gwZjAdBgNVHQ4EFgQUrjEIWH/pbkCKJi0JewGL
e5x/0e4wHwYDVR0jBBgwFoAUrjEIWH/pbkCKJi0JewGLe5x/0e4wDwYDVR0TAQH/
BAUwAwEB/zATBgNVHSUEDDAKBggrBgEFBQcDAjAKBggqhkjOPQQDAgNIADBFAiAh
B9d4iRZsSkT1fKqQmOuNZQjJqXPTJgsBdX4JKKOkMAIhAKYqKRHVqZDredGxebQK
QOGdVaC6wjRzV/o+u0hrqQXT
-----END CERTIFICATE-----
)";

TEST_CASE("a certificate is for both sides of a connection") {
  CHECK_STATUS(CheckIssuedBy(kClientOnly, kClientOnly, Now()), kFailed,
               "CN=client: not for both clients and servers");
}

TEST_CASE("what cannot be issued is refused by name") {
  const KeyAndCertificate ca = Ca();
  const auto with = [&](auto change) {
    CertificateRequest request = ServerRequest();
    change(request);
    return IssueCertificate(ca, request);
  };
  CHECK_STATUS(with([](auto& r) { r.identity.name = "Alice"; }), kInvalid, "Alice");
  CHECK_STATUS(with([](auto& r) { r.days = 0; }), kInvalid, "got 0");
  CHECK_STATUS(with([](auto& r) { r.days = 3651; }), kInvalid, "got 3651");
  CHECK_STATUS(with([](auto& r) { r.now += absl::Hours(24 * 3600); }), kFailed, "authority ends");
  for (const char* host : {"", "vm2:7071", "a b", "-a", "a..b", "vm2,DNS:evil", "*", "*.com", "a.*",
                           "10.0.0.0/8", "under_score"}) {
    CAPTURE(host);
    CHECK_STATUS(with([&](auto& r) { r.hosts = {host}; }), kInvalid, "host");
  }
  const KeyAndCertificate mixed = {.key = Ca().key, .certificate = ca.certificate};
  CHECK_STATUS(IssueCertificate(mixed, ServerRequest()), kFailed, "key is not that");
  CHECK_STATUS(IssueCertificate({}, ServerRequest()), kInvalid, "key");
}

TEST_CASE("text that is no PEM is refused") {
  const KeyAndCertificate ca = Ca();
  CHECK_STATUS(ReadCertificate(""), kInvalid, "certificate in PEM expected");
  CHECK_STATUS(ReadCertificate(ca.key), kInvalid, "certificate in PEM expected");
  std::string damaged = ca.certificate;
  damaged[damaged.size() / 2] = '!';
  CHECK_STATUS(ReadCertificate(damaged), kInvalid, "damaged");
  CHECK_STATUS(SplitBundle(ca.certificate + damaged), kInvalid, "certificate 2: damaged");
  CHECK_STATUS(CheckKeyMatches("", ca.certificate), kInvalid, "private key");
  REQUIRE_OK_AND_ASSIGN(const auto split,
                        SplitBundle("# comment\n" + ca.certificate + Ca().certificate));
  REQUIRE(split.size() == 2);
  CHECK(split[0] == ca.certificate);
}

}  // namespace
}  // namespace paceline
