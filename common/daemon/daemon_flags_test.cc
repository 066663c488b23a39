#include "common/daemon/daemon_flags.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/security/certificates.h"
#include "common/security/tls_dir.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

const auto kBad = absl::StatusCode::kInvalidArgument;

absl::StatusOr<DaemonFlags> Parse(std::vector<const char*> args,
                                  std::optional<int>* code = nullptr) {
  CLI::App app("test");
  DaemonFlagParser parser(&app, {.role = "server", .port = 7071, .http_port = 8071});
  args.insert(args.begin(), "paceline-server");
  const std::optional<int> exit =
      ParseCommandLine(&app, static_cast<int>(args.size()), args.data());
  if (code != nullptr) *code = exit;
  if (exit.has_value()) return absl::CancelledError("exit");
  return parser.Validate();
}

TEST_CASE("without flags a daemon listens on loopback at its default ports") {
  REQUIRE_OK_AND_ASSIGN(const DaemonFlags flags, Parse({}));
  CHECK(flags.listen == HostPort{"127.0.0.1", 7071});
  CHECK(Advertised(flags.listen, flags.advertise, 7071) == HostPort{"127.0.0.1", 7071});
  CHECK(flags.http_listen == HostPort{"127.0.0.1", 8071});
  CHECK(flags.data_dir == "paceline-data/server");
  CHECK(flags.log.role == "server");
  CHECK(flags.log.level == LogLevel::kInfo);
}

TEST_CASE("every flag is taken over") {
  REQUIRE_OK_AND_ASSIGN(
      const DaemonFlags flags,
      Parse({"--listen=0.0.0.0:0", "--advertise", "node-7:0", "--http-listen=none", "--port-file=p",
             "--data-dir=d", "--log-level=debug", "--log-format=json", "--tcp-congestion=reno",
             "--insecure", "--max-connections=7"}));
  CHECK(flags.max_connections == 7);
  CHECK(flags.listen == HostPort{"0.0.0.0", 0});
  CHECK(Advertised(flags.listen, flags.advertise, 1234) == HostPort{"node-7", 1234});
  CHECK_FALSE(flags.http_listen.has_value());
  CHECK(flags.port_file == "p");
  CHECK(flags.data_dir == "d");
  CHECK(flags.log.level == LogLevel::kDebug);
  CHECK(flags.log.format == LogFormat::kJson);
  CHECK(flags.tcp.congestion == "reno");
  CHECK(flags.insecure);
}

TEST_CASE("listeners that others reach need a certificate or --insecure") {
  CHECK_STATUS(Parse({"--listen=10.0.0.1:7071"}), kBad, "--tls-dir");
  CHECK_STATUS(Parse({"--listen=10.0.0.1:7071"}), kBad, "--insecure");
  CHECK_STATUS(Parse({"--http-listen=0.0.0.0:8071"}), kBad, "--http-listen 0.0.0.0:8071");
  CHECK_OK(Parse({"--listen=10.0.0.1:7071", "--insecure"}));
  CHECK_OK(Parse({"--listen=[::1]:7071"}));
}

// A folder with the certificate of a server that is dialled as vm2.
std::string TlsDirOf(Role role) {
  const char* dir = std::getenv("TEST_TMPDIR");
  const std::string path =
      std::string(dir != nullptr ? dir : "/tmp") + "/tls-" + std::string(RoleName(role));
  const absl::Time now = RealClock().Now();
  REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate ca, MakeCa(now));
  REQUIRE_OK_AND_ASSIGN(
      const KeyAndCertificate issued,
      IssueCertificate(ca, {.identity = {role, "vm2"}, .hosts = {"vm2"}, .now = now}));
  REQUIRE_OK(WriteTlsDir(path, {ca.certificate, issued.certificate, issued.key}));
  return path;
}

TEST_CASE("a certificate protects listeners that others reach") {
  const std::string server = "--tls-dir=" + TlsDirOf(Role::kServer);
  REQUIRE_OK_AND_ASSIGN(const DaemonFlags flags, Parse({"--listen=0.0.0.0:1", "--advertise=vm2:0",
                                                        "--http-listen=none", server.c_str()}));
  CHECK(flags.security->tls());
  CHECK(flags.security->identity() == Identity{Role::kServer, "vm2"});
  REQUIRE_OK_AND_ASSIGN(const DaemonFlags without, Parse({}));
  CHECK_FALSE(without.security->tls());
}

TEST_CASE("a certificate has to be good, a server's, and for the advertised host") {
  const std::string server = "--tls-dir=" + TlsDirOf(Role::kServer);
  CHECK_STATUS(Parse({"--listen=0.0.0.0:1", "--advertise=vm3:0", server.c_str()}), kBad,
               "for vm2, not for vm3");
  const std::string worker = "--tls-dir=" + TlsDirOf(Role::kWorker);
  CHECK_STATUS(Parse({"--advertise=vm2:0", worker.c_str()}), kBad,
               "--tls-dir: a certificate of a server expected");
  CHECK_STATUS(Parse({"--tls-dir=/no/such/folder"}), kBad, "--tls-dir: /no/such/folder/ca.crt");
}

TEST_CASE("an address that nobody can dial is not advertised") {
  CHECK_STATUS(Parse({"--listen=0.0.0.0:7071", "--insecure"}), kBad, "nobody can dial 0.0.0.0");
  CHECK_STATUS(Parse({"--advertise=[::]:1"}), kBad, "nobody can dial ::");
}

TEST_CASE("wrong values name their flag") {
  CHECK_STATUS(Parse({"--listen=7071"}), kBad, "--listen: address \"7071\"");
  CHECK_STATUS(Parse({"--log-level=loud"}), kBad, "loud");
  CHECK_STATUS(Parse({"--tcp-congestion=warp"}), kBad, "--tcp-congestion warp");
  CHECK_STATUS(Parse({"--data-dir", ""}), kBad, "--data-dir");
}

TEST_CASE("faults are given by a flag, and there are none without") {
  REQUIRE_OK_AND_ASSIGN(const DaemonFlags without, Parse({}));
  CHECK(without.test_faults.text.empty());
  CHECK(without.test_faults.failpoints.empty());
  REQUIRE_OK_AND_ASSIGN(const DaemonFlags given,
                        Parse({"--test-faults=server.push.reply=kill@3,rpc.Push=duplicate:5"}));
  CHECK(given.test_faults.failpoints.size() == 1);
  CHECK(given.test_faults.rpc.methods.at("Push").duplicate == 5);
  CHECK_STATUS(Parse({"--test-faults=server.push.replay=kill"}), kBad,
               "did you mean server.push.reply?");
}

TEST_CASE("help, version and usage errors have their exit codes") {
  std::optional<int> code;
  CHECK_FALSE(Parse({"--help"}, &code).ok());
  CHECK(code == 0);
  CHECK_FALSE(Parse({"--version"}, &code).ok());
  CHECK(code == 0);
  CHECK_FALSE(Parse({"--no-such-flag"}, &code).ok());
  CHECK(code == 2);
}

TEST_CASE("a config file gives defaults and refuses unknown keys") {
  const char* dir = std::getenv("TEST_TMPDIR");
  const std::string path = std::string(dir != nullptr ? dir : "/tmp") + "/daemon_flags_test.toml";
  std::ofstream(path) << "listen = \"127.0.0.1:99\"\nlog-level = \"error\"\n";
  REQUIRE_OK_AND_ASSIGN(const DaemonFlags flags,
                        Parse({"--config", path.c_str(), "--log-level=debug"}));
  CHECK(flags.listen.port == 99);
  CHECK(flags.log.level == LogLevel::kDebug);

  std::ofstream(path) << "lisen = \"127.0.0.1:99\"\n";
  std::optional<int> code;
  CHECK_FALSE(Parse({"--config", path.c_str()}, &code).ok());
  CHECK(code == 2);
  CHECK_FALSE(Parse({"--config=/no/such/file"}, &code).ok());
  CHECK(code == 2);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace paceline
