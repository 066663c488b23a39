// Real processes: shell scripts that play the daemons.
#include "cli/local/process_cluster.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/test_environment.h"
#include "common/status/status_matchers.h"

namespace paceline::cli {
namespace {

// Writes its arguments to a file, the port file if it is the scheduler, and waits.
constexpr char kDaemon[] = R"(#!/bin/sh
trap 'exit 0' TERM
while [ $# -gt 0 ]; do
  case "$1" in
  --port-file) port_file=$2 ;;
  --scheduler) scheduler=$2 ;;
  --listen) listen=$2 ;;
  esac
  shift
done
echo "$listen" > "$port_file.listen"
echo "${scheduler:-none}" > "$port_file.scheduler"
echo $$ > "$port_file.pid"
printf 'port 4321\n' > "$port_file.new"
mv "$port_file.new" "$port_file"
while :; do sleep 0.05; done
)";
constexpr char kStubborn[] = R"(#!/bin/sh
trap '' TERM
while :; do sleep 0.05; done
)";
constexpr char kBroken[] = R"(#!/bin/sh
echo "no such flag" >&2
exit 3
)";

struct Programs {
  explicit Programs(TestEnvironment* environment) : test(environment) {}

  std::string Add(const std::string& name, const char* script) {
    const std::string path = test->Write(name, script);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  TestEnvironment* test;
};

absl::StatusOr<std::unique_ptr<LocalCluster>> Start(TestEnvironment& test,
                                                    const DaemonBinaries& binaries,
                                                    absl::Duration timeout = absl::Seconds(30)) {
  ProcessCluster::Options options;
  options.binaries = binaries;
  options.folder = test.folder.path();
  options.servers = 2;
  options.workers = 1;
  options.start_timeout = timeout;
  options.stop_timeout = timeout;
  return ProcessCluster::Start(options, test.fs, test.clock, test.interrupt);
}

// Waits for the file. A daemon that comes back empties its files before it writes them: one
// read tells both whether the text is there and what it is.
std::string Read(TestEnvironment& test, const std::string& name) {
  const std::string path = JoinPath(test.folder.path(), name);
  while (true) {
    const absl::StatusOr<std::string> text = ReadFile(test.fs, path);
    if (text.ok() && !text->empty()) {
      return std::string(absl::StripSuffix(*text, "\n"));
    }
  }
}

TEST_CASE("a cluster of processes starts, knows its scheduler and ends") {
  TestEnvironment test;
  Programs programs(&test);
  const std::string daemon = programs.Add("daemon", kDaemon);
  REQUIRE_OK_AND_ASSIGN(const auto cluster, Start(test, {daemon, daemon, daemon}));
  CHECK(cluster->scheduler_address() == "127.0.0.1:4321");
  std::vector<int> pids;
  for (const char* name : {"server-0", "server-1", "worker-0"}) {
    CHECK(Read(test, std::string(name) + ".port.scheduler") == "127.0.0.1:4321");
    int pid = 0;
    REQUIRE(absl::SimpleAtoi(Read(test, std::string(name) + ".port.pid"), &pid));
    pids.push_back(pid);
    CHECK(kill(pid, 0) == 0);
  }
  CHECK_OK(cluster->Check());
  CHECK_OK(cluster->Stop());
  for (const int pid : pids) {
    CHECK(kill(pid, 0) == -1);
  }
}

TEST_CASE("a killed daemon comes back on its ports; a stopped one goes on") {
  TestEnvironment test;
  Programs programs(&test);
  const std::string daemon = programs.Add("daemon", kDaemon);
  REQUIRE_OK_AND_ASSIGN(const auto cluster, Start(test, {daemon, daemon, daemon}));
  const std::string before = Read(test, "server-1.port.pid");
  CHECK(Read(test, "server-1.port.listen") == "127.0.0.1:0");
  // It writes its port after all else.
  Read(test, "server-1.port");
  REQUIRE_OK(cluster->KillAndRestart(DaemonRole::kServer, 1));
  while (Read(test, "server-1.port.pid") == before) {
  }
  CHECK(Read(test, "server-1.port.scheduler") == "127.0.0.1:4321");
  CHECK(Read(test, "server-1.port.listen") == "127.0.0.1:4321");
  CHECK_OK(cluster->Check());

  // Read before the pause: one that is stopped writes no more.
  const std::string pid = Read(test, "worker-0.port.pid");
  const auto state = [&] {
    // "pid (name) state ...": the name has no blanks.
    std::ifstream stat(absl::StrCat("/proc/", pid, "/stat"));
    std::string name;
    char state = ' ';
    stat >> name >> name >> state;
    return state;
  };
  REQUIRE_OK(cluster->Pause(DaemonRole::kWorker, 0));
  while (state() != 'T') {
  }
  REQUIRE_OK(cluster->Resume(DaemonRole::kWorker, 0));
  while (state() == 'T') {
  }
  CHECK_STATUS(cluster->KillAndRestart(DaemonRole::kWorker, 1), absl::StatusCode::kNotFound,
               "there is no worker-1");
  // It has its trap before it says its pid.
  Read(test, "server-0.port.pid");
  CHECK_OK(cluster->Stop());
}

TEST_CASE("a daemon that ends is named with its last words") {
  TestEnvironment test;
  Programs programs(&test);
  const std::string daemon = programs.Add("daemon", kDaemon);
  const std::string broken = programs.Add("broken", kBroken);
  REQUIRE_OK_AND_ASSIGN(const auto cluster, Start(test, {daemon, broken, daemon}));
  absl::Status status;
  while (status.ok()) {
    status = cluster->Check();
  }
  CHECK(absl::StrContains(status.message(), " ended: exit code 3\n    | no such flag"));
  CHECK(absl::StartsWith(status.message(), "server-"));
}

TEST_CASE("a scheduler that does not start is no cluster") {
  TestEnvironment test;
  Programs programs(&test);
  const std::string broken = programs.Add("broken", kBroken);
  CHECK_STATUS(Start(test, {broken, broken, broken}), absl::StatusCode::kInternal,
               "scheduler ended: exit code 3");
  const std::string mute = programs.Add("mute", kStubborn);
  CHECK_STATUS(Start(test, {mute, mute, mute}, absl::Milliseconds(200)),
               absl::StatusCode::kDeadlineExceeded, "has not said its port within 200ms");
  CHECK_STATUS(Start(test, {"/no/such", "", ""}), absl::StatusCode::kNotFound, "/no/such");
  test.interrupt.Request();
  CHECK_STATUS(Start(test, {mute, mute, mute}), absl::StatusCode::kCancelled, "interrupted");
}

TEST_CASE("a daemon that ignores SIGTERM is killed") {
  TestEnvironment test;
  Programs programs(&test);
  const std::string daemon = programs.Add("daemon", kDaemon);
  const std::string stubborn = programs.Add("stubborn", kStubborn);
  ProcessCluster::Options options;
  options.binaries = {daemon, stubborn, daemon};
  options.folder = test.folder.path();
  options.servers = 1;
  options.workers = 0;
  options.stop_timeout = absl::Milliseconds(300);
  REQUIRE_OK_AND_ASSIGN(const auto cluster,
                        ProcessCluster::Start(options, test.fs, test.clock, test.interrupt));
  CHECK(cluster->Stop().code() == absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace paceline::cli
