// pacectl certs as a person types it.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "cli/pacectl.h"
#include "cli/test_environment.h"
#include "common/security/private_file.h"
#include "common/security/tls_dir.h"
#include "common/status/status_matchers.h"

namespace paceline::cli {
namespace {

constexpr int kUsage = 2;

struct Fixture : TestEnvironment {
  // pacectl certs with these arguments; the exit code.
  int Run(std::vector<std::string> arguments) {
    out.str("");
    err.str("");
    arguments.insert(arguments.begin(), "certs");
    arguments.insert(arguments.end(), {"--dir", dir});
    std::vector<const char*> argv = {"pacectl"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return RunPacectl(static_cast<int>(argv.size()), argv.data(), env);
  }
  bool Says(const std::string& text) const {
    return absl::StrContains(out.str(), text) || absl::StrContains(err.str(), text);
  }
  TlsDir Read(const std::string& name) {
    const auto tls = ReadTlsDir(JoinPath(dir, name), absl::Now());
    INFO(tls.status().ToString());
    REQUIRE(tls.ok());
    return *tls;
  }
  std::string Certificate(const std::string& name) {
    return ReadPrivateFile(Read(name).paths.certificate)->text;
  }

  const std::string dir = JoinPath(folder.path(), "pki");
};

TEST_CASE("one command makes the certificates of a whole cluster") {
  Fixture test;
  REQUIRE(test.Run({"init", "--scheduler=vm1,10.0.0.1", "--server=vm2", "--server=VM3",
                    "--worker=fd00::4", "--admin=root", "--user=alice", "--viewer=grafana"}) == 0);
  CHECK(test.Read("scheduler-vm1").hosts == std::vector<std::string>{"vm1", "10.0.0.1"});
  CHECK(test.Read("server-vm2").identity == Identity{Role::kServer, "vm2"});
  CHECK(test.Read("server-vm3").hosts == std::vector<std::string>{"vm3"});
  CHECK(test.Read("worker-fd00--4").hosts == std::vector<std::string>{"fd00::4"});
  CHECK(test.Read("admin-root").identity == Identity{Role::kAdmin, "root"});
  CHECK(test.Read("user-alice").hosts.empty());
  CHECK(test.Read("viewer-grafana").identity.role == Role::kViewer);
  CHECK(test.Says("--tls-dir"));
  CHECK(test.Says("server vm2"));
  CHECK(test.Run({"init"}) == kUsage);
  CHECK(test.Says("holds an authority"));
}

TEST_CASE("nothing is written where something asked for is wrong") {
  Fixture test;
  CHECK(test.Run({"init", "--server=vm2", "--server=vm2"}) == kUsage);
  CHECK(test.Says("server vm2 is asked for twice"));
  CHECK(test.Run({"init", "--server=vm2:7071"}) == kUsage);
  CHECK(test.Says("vm2:7071"));
  CHECK(test.Run({"init", "--user=Alice"}) == kUsage);
  CHECK_FALSE(test.fs.Exists(test.dir));
}

TEST_CASE("certificates are issued one by one") {
  Fixture test;
  CHECK(test.Run({"issue", "user", "alice"}) == kUsage);
  CHECK(test.Says("pacectl certs init"));
  REQUIRE(test.Run({"init"}) == 0);
  CHECK(test.Run({"issue", "root", "alice"}) == kUsage);
  CHECK(test.Says("admin, user, viewer, scheduler, server or worker"));
  CHECK(test.Run({"issue", "server", "vm2"}) == kUsage);
  CHECK(test.Says("--host"));
  REQUIRE(test.Run({"issue", "server", "vm2", "--host=vm2", "--host=10.0.0.2", "--days=7"}) == 0);
  CHECK(test.Read("server-vm2").hosts.size() == 2);
  CHECK(test.Read("server-vm2").ends < absl::Now() + absl::Hours(24 * 7 + 1));
  CHECK(test.Run({"issue", "server", "vm2", "--host=vm2"}) == kUsage);
  CHECK(test.Says("certs rotate"));
  const std::string elsewhere = JoinPath(test.folder.path(), "alice");
  REQUIRE(test.Run({"issue", "user", "alice", "--out", elsewhere}) == 0);
  CHECK_OK(ReadTlsDir(elsewhere, absl::Now()));
}

TEST_CASE("certificates that end soon are issued again, or one, or all") {
  Fixture test;
  REQUIRE(test.Run({"init", "--server=vm2"}) == 0);
  REQUIRE(test.Run({"issue", "user", "alice", "--days=7"}) == 0);
  const std::string server = test.Certificate("server-vm2");
  const std::string user = test.Certificate("user-alice");
  REQUIRE(test.Run({"rotate", "--within-days=3"}) == 0);
  CHECK(test.Says("No certificate ends within 3 days"));
  REQUIRE(test.Run({"rotate"}) == 0);
  CHECK(test.Certificate("server-vm2") == server);
  CHECK(test.Certificate("user-alice") != user);
  REQUIRE(test.Run({"rotate", "server-vm2"}) == 0);
  CHECK(test.Certificate("server-vm2") != server);
  REQUIRE(test.Run({"rotate", "--all", "-o", "json"}) == 0);
  CHECK(nlohmann::json::parse(test.out.str()).size() == 2);
  CHECK(test.Run({"rotate", "server-vm9"}) == kUsage);
  CHECK(test.Says("server-vm2, user-alice"));
  CHECK(test.Run({"rotate", "server-vm2", "--all"}) == kUsage);
}

TEST_CASE("the authority is changed with commands that say what comes next") {
  Fixture test;
  REQUIRE(test.Run({"init", "--server=vm2"}) == 0);
  REQUIRE(test.Run({"rotate", "--ca"}) == 0);
  CHECK(test.Says("certs rotate --all"));
  CHECK(test.Says("old"));
  CHECK(test.Run({"rotate", "--drop-old-ca"}) == kUsage);
  REQUIRE(test.Run({"rotate", "--all"}) == 0);
  REQUIRE(test.Run({"rotate", "--drop-old-ca"}) == 0);
  REQUIRE(test.Run({"list", "-o", "json"}) == 0);
  const auto all = nlohmann::json::parse(test.out.str());
  REQUIRE(all.size() == 1);
  CHECK(all[0]["of_current_authority"] == true);
  CHECK(all[0]["role"] == "server");
}

TEST_CASE("pacectl refuses a --tls-dir that is not good") {
  Fixture test;
  std::vector<const char*> argv = {"pacectl", "--tls-dir=/no/such/folder", "list"};
  CHECK(RunPacectl(3, argv.data(), test.env) == kUsage);
  CHECK(test.Says("--tls-dir: /no/such/folder/ca.crt"));
}

}  // namespace
}  // namespace paceline::cli
