#include "cli/pki.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "cli/test_environment.h"
#include "common/security/private_file.h"
#include "common/security/tls_dir.h"
#include "common/status/status_matchers.h"

namespace paceline::cli {
namespace {

const auto kFailed = absl::StatusCode::kFailedPrecondition;

absl::Time Now() { return absl::FromUnixSeconds(1'800'000'000); }

Pki NewPki(const std::string& dir) {
  absl::StatusOr<Pki> pki = Pki::Create(dir, Now());
  REQUIRE(pki.ok());
  return *std::move(pki);
}

CertificateRequest Server(const std::string& name, absl::Time now = Now()) {
  return {.identity = {Role::kServer, name}, .hosts = {name}, .now = now};
}

std::string Text(const std::string& path) {
  const auto file = ReadPrivateFile(path);
  INFO(file.status().ToString());
  REQUIRE(file.ok());
  return file->text;
}

TEST_CASE("an authority issues folders that --tls-dir takes") {
  const TempFolder folder = NewTempFolder();
  const std::string dir = folder.path() + "/pki";
  Pki pki = NewPki(dir);
  REQUIRE_OK_AND_ASSIGN(const Issued issued, pki.Issue(Server("vm2")));
  CHECK(issued.dir == dir + "/server-vm2");
  CHECK(issued.current);
  REQUIRE_OK_AND_ASSIGN(const TlsDir tls, ReadTlsDir(issued.dir, Now()));
  CHECK(tls.identity == Identity{Role::kServer, "vm2"});
  CHECK(ReadPrivateFile(dir + "/ca.key")->mode == 0600);
  // Another time, another process.
  REQUIRE_OK_AND_ASSIGN(Pki again, Pki::Open(dir));
  REQUIRE_OK(again.Issue({.identity = {Role::kUser, "alice"}, .now = Now()}));
  REQUIRE_OK_AND_ASSIGN(const std::vector<Issued> all, again.List());
  REQUIRE(all.size() == 2);
  CHECK(all[0].identity.name == "vm2");
  CHECK(all[1].identity.name == "alice");
}

TEST_CASE("what is there already is not overwritten") {
  const TempFolder folder = NewTempFolder();
  Pki pki = NewPki(folder.path());
  const std::string key = Text(folder.path() + "/ca.key");
  CHECK_STATUS(Pki::Create(folder.path(), Now()), absl::StatusCode::kAlreadyExists,
               "holds an authority");
  CHECK(Text(folder.path() + "/ca.key") == key);
  REQUIRE_OK(pki.Issue(Server("vm2")));
  CHECK_STATUS(pki.Issue(Server("vm2")), absl::StatusCode::kAlreadyExists, "certs rotate");
}

TEST_CASE("a daemon needs a host, a person does not") {
  const TempFolder folder = NewTempFolder();
  Pki pki = NewPki(folder.path());
  CHECK_STATUS(pki.Issue({.identity = {Role::kWorker, "w"}, .now = Now()}),
               absl::StatusCode::kInvalidArgument, "whoever dials a worker checks");
  CHECK_OK(pki.Issue({.identity = {Role::kViewer, "grafana"}, .now = Now()}));
}

TEST_CASE("a certificate is issued again for the same hosts and as long") {
  const TempFolder folder = NewTempFolder();
  Pki pki = NewPki(folder.path());
  CertificateRequest request = Server("vm2");
  request.days = 90;
  REQUIRE_OK_AND_ASSIGN(const Issued old, pki.Issue(request));
  const std::string key = Text(old.dir + "/tls.key");
  const absl::Time later = Now() + absl::Hours(24 * 80);
  REQUIRE_OK_AND_ASSIGN(const Issued renewed, pki.Reissue(old, later, std::nullopt));
  CHECK(renewed.hosts == old.hosts);
  CHECK(renewed.ends == later + absl::Hours(24 * 90));
  CHECK(Text(old.dir + "/tls.key") != key);
  REQUIRE_OK_AND_ASSIGN(const Issued longer, pki.Reissue(renewed, later, 100));
  CHECK(longer.ends == later + absl::Hours(24 * 100));
}

TEST_CASE("an authority is changed in three steps, and everybody is trusted in each") {
  const TempFolder folder = NewTempFolder();
  Pki pki = NewPki(folder.path());
  REQUIRE_OK_AND_ASSIGN(const Issued server, pki.Issue(Server("vm2")));
  REQUIRE_OK_AND_ASSIGN(const Issued user,
                        pki.Issue({.identity = {Role::kUser, "alice"}, .now = Now()}));
  const std::string old_ca = Text(folder.path() + "/ca.crt");

  REQUIRE_OK(pki.NewAuthority(Now()));
  CHECK_OK(ReadTlsDir(server.dir, Now()));
  CHECK_FALSE((*pki.List())[0].current);
  CHECK_STATUS(pki.NewAuthority(Now()), kFailed, "--drop-old-ca");
  CHECK_STATUS(pki.DropOldAuthority(), kFailed, "server-vm2 is still of an old authority");

  REQUIRE_OK_AND_ASSIGN(Pki again, Pki::Open(folder.path()));
  REQUIRE_OK_AND_ASSIGN(const Issued renewed, again.Reissue(server, Now(), std::nullopt));
  CHECK(renewed.current);
  // Trusted by who still shows a certificate of the old one, and the other way round.
  CHECK(Text(user.dir + "/ca.crt") == Text(server.dir + "/ca.crt"));
  CHECK_STATUS(again.DropOldAuthority(), kFailed, "user-alice");
  REQUIRE_OK(again.Reissue(user, Now(), std::nullopt));

  REQUIRE_OK(again.DropOldAuthority());
  CHECK_OK(ReadTlsDir(server.dir, Now()));
  CHECK(Text(server.dir + "/ca.crt").find(old_ca) == std::string::npos);
  CHECK_OK(again.NewAuthority(Now()));
}

TEST_CASE("a change of the authority that was cut off can be taken back") {
  const TempFolder folder = NewTempFolder();
  Pki pki = NewPki(folder.path());
  REQUIRE_OK_AND_ASSIGN(const Issued server, pki.Issue(Server("vm2")));
  const std::string old_key = Text(folder.path() + "/ca.key");
  REQUIRE_OK(pki.NewAuthority(Now()));
  // As if the key, which comes last, had not been written.
  REQUIRE_OK(WritePrivateFile(folder.path() + "/ca.key", old_key, 0600));
  REQUIRE_OK_AND_ASSIGN(Pki again, Pki::Open(folder.path()));
  CHECK((*again.List())[0].current);
  CHECK_OK(again.DropOldAuthority());
  CHECK_OK(ReadTlsDir(server.dir, Now()));
}

TEST_CASE("a folder that is no authority's says so") {
  const TempFolder folder = NewTempFolder();
  CHECK_STATUS(Pki::Open(folder.path()), absl::StatusCode::kNotFound, "pacectl certs init");
  NewPki(folder.path());
  REQUIRE_OK(WritePrivateFile(folder.path() + "/ca.crt", "nonsense", 0644));
  CHECK_STATUS(Pki::Open(folder.path()), absl::StatusCode::kInvalidArgument, "/ca.crt");
  REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate other, MakeCa(Now()));
  REQUIRE_OK(WritePrivateFile(folder.path() + "/ca.crt", other.certificate, 0644));
  CHECK_STATUS(Pki::Open(folder.path()), kFailed, "the key of no certificate");
}

}  // namespace
}  // namespace paceline::cli
