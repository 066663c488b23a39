#include "common/security/tls_dir.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/security/certificates.h"
#include "common/security/private_file.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

const auto kInvalid = absl::StatusCode::kInvalidArgument;
const auto kFailed = absl::StatusCode::kFailedPrecondition;

absl::Time Now() { return absl::FromUnixSeconds(1'800'000'000); }

// The folder of a server's certificate, which goes away.
struct Fixture {
  Fixture() {
    std::string pattern = std::filesystem::temp_directory_path() / "tls-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    dir = pattern;
    ca = *MakeCa(Now());
    files = Issue(ca, {.identity = {Role::kServer, "vm2"}, .hosts = {"vm2"}, .now = Now()});
    REQUIRE_OK(WriteTlsDir(dir, files));
  }
  ~Fixture() { std::filesystem::remove_all(dir); }

  static TlsFiles Issue(const KeyAndCertificate& ca, const CertificateRequest& request) {
    REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate issued, IssueCertificate(ca, request));
    return {.ca = ca.certificate, .certificate = issued.certificate, .key = issued.key};
  }

  void Write(const std::string& name, const std::string& text) {
    REQUIRE_OK(WritePrivateFile(dir + "/" + name, text, 0600));
  }

  std::string dir;
  KeyAndCertificate ca;
  TlsFiles files;
};

TEST_CASE("a folder says who its owner is") {
  Fixture fixture;
  REQUIRE_OK_AND_ASSIGN(const TlsDir tls, ReadTlsDir(fixture.dir, Now()));
  CHECK(tls.identity == Identity{Role::kServer, "vm2"});
  CHECK(tls.hosts == std::vector<std::string>{"vm2"});
  CHECK(tls.ends == Now() + absl::Hours(24 * 365));
  CHECK(tls.paths.key == fixture.dir + "/tls.key");
  CHECK(*CertificateEnds(fixture.dir) == tls.ends);
  CHECK(ReadPrivateFile(tls.paths.key)->mode == 0600);
  CHECK_OK(CheckCertificateHost(fixture.dir, "vm2"));
  CHECK_STATUS(CheckCertificateHost(fixture.dir, "vm3"), kFailed,
               "tls.crt: for vm2, not for vm3: issue it with --host vm3");
}

TEST_CASE("a file that is missing or something else is named") {
  for (const char* name : {"ca.crt", "tls.crt", "tls.key"}) {
    CAPTURE(name);
    Fixture fixture;
    fixture.Write(name, "nonsense");
    CHECK_STATUS(ReadTlsDir(fixture.dir, Now()), kInvalid, fixture.dir + "/" + name);
    std::filesystem::remove(fixture.dir + "/" + name);
    CHECK_STATUS(ReadTlsDir(fixture.dir, Now()), absl::StatusCode::kNotFound,
                 fixture.dir + "/" + name);
  }
  CHECK_STATUS(ReadTlsDir("/no/such/folder", Now()), absl::StatusCode::kNotFound,
               "/no/such/folder/ca.crt");
}

TEST_CASE("a key that others can use is refused, with the command that ends it") {
  Fixture fixture;
  const std::string key = fixture.dir + "/tls.key";
  for (const mode_t mode : {0604, 0644, 0660, 0620}) {
    CAPTURE(mode);
    REQUIRE(chmod(key.c_str(), mode) == 0);
    CHECK_STATUS(ReadTlsDir(fixture.dir, Now()), kFailed, "chmod 600 " + key);
  }
  for (const mode_t mode : {0400, 0440, 0640}) {
    REQUIRE(chmod(key.c_str(), mode) == 0);
    CHECK_OK(ReadTlsDir(fixture.dir, Now()));
  }
}

TEST_CASE("files that do not belong together are refused") {
  Fixture fixture;
  const KeyAndCertificate other = *MakeCa(Now());
  fixture.Write("ca.crt", other.certificate);
  CHECK_STATUS(ReadTlsDir(fixture.dir, Now()), kFailed, "ca.crt");
  fixture.Write("ca.crt", other.certificate + fixture.ca.certificate);
  CHECK_OK(ReadTlsDir(fixture.dir, Now()));
  fixture.Write("tls.key", other.key);
  CHECK_STATUS(ReadTlsDir(fixture.dir, Now()), kFailed, "tls.key: the key is not that");
}

TEST_CASE("a certificate counts from its beginning to its end") {
  Fixture fixture;
  CHECK_OK(ReadTlsDir(fixture.dir, Now() - absl::Minutes(4)));
  CHECK_STATUS(ReadTlsDir(fixture.dir, Now() - absl::Minutes(6)), kFailed, "clock");
  CHECK_STATUS(ReadTlsDir(fixture.dir, Now() + absl::Hours(24 * 366)), kFailed,
               "tls.crt: ended on 2028-01-15");
}

TEST_CASE("a certificate that names nobody is refused") {
  Fixture fixture;
  // An authority's own certificate has no identity, and is not for connections.
  fixture.Write("tls.crt", fixture.ca.certificate);
  fixture.Write("tls.key", fixture.ca.key);
  CHECK_STATUS(ReadTlsDir(fixture.dir, Now()), kFailed, "tls.crt");
}

}  // namespace
}  // namespace paceline
