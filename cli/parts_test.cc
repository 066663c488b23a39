// The small parts of pacectl.
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/job_file.h"
#include "cli/local/daemon_binaries.h"
#include "cli/process_environment.h"
#include "cli/temp_folder.h"
#include "cli/test_environment.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"

namespace paceline::cli {
namespace {

TEST_CASE("exit codes say what kind of failure it was") {
  CHECK(ExitCodeOf(absl::OkStatus()) == ExitCode::kOk);
  CHECK(ExitCodeOf(absl::InvalidArgumentError("")) == ExitCode::kUsage);
  CHECK(ExitCodeOf(absl::NotFoundError("")) == ExitCode::kUsage);
  CHECK(ExitCodeOf(absl::UnavailableError("")) == ExitCode::kUnavailable);
  CHECK(ExitCodeOf(absl::PermissionDeniedError("")) == ExitCode::kDenied);
  CHECK(ExitCodeOf(absl::UnauthenticatedError("")) == ExitCode::kDenied);
  CHECK(ExitCodeOf(absl::DeadlineExceededError("")) == ExitCode::kTimeout);
  CHECK(ExitCodeOf(absl::CancelledError("")) == ExitCode::kInterrupted);
  CHECK(ExitCodeOf(absl::DataLossError("")) == ExitCode::kFailed);
  CHECK(ExitCodeOf(v1::JOB_STATE_SUCCEEDED) == ExitCode::kOk);
  CHECK(ExitCodeOf(v1::JOB_STATE_CANCELLED) == ExitCode::kFailed);
  CHECK(HasEnded(v1::JOB_STATE_FAILED));
  CHECK_FALSE(HasEnded(v1::JOB_STATE_CHECKPOINTING));
}

TEST_CASE("an interrupt calls those who wait, once, and those who come later at once") {
  Interrupt interrupt;
  int early = 0;
  int gone = 0;
  int late = 0;
  const Interrupt::Scope scope(&interrupt, [&] { ++early; });
  {
    const Interrupt::Scope over(&interrupt, [&] { ++gone; });
  }
  CHECK_FALSE(interrupt.requested());
  interrupt.Request();
  interrupt.Request();
  CHECK(interrupt.requested());
  const Interrupt::Scope after(&interrupt, [&] { ++late; });
  CHECK(early == 1);
  CHECK(gone == 0);
  CHECK(late == 1);
}

TEST_CASE("an interrupt ends a wait") {
  Interrupt interrupt;
  RealClock clock;
  CHECK_FALSE(interrupt.WaitFor(clock, absl::Milliseconds(1)));
  std::thread user([&] { interrupt.Request(); });
  CHECK(interrupt.WaitFor(clock, absl::InfiniteDuration()));
  user.join();
}

TEST_CASE("a temporary folder goes away with all in it") {
  std::string path;
  {
    const TempFolder folder = NewTempFolder();
    path = folder.path();
    std::filesystem::create_directories(path + "/a/b");
    CHECK_FALSE(folder.kept());
  }
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(TempFolder::Create("/no/such/folder").ok());
}

TEST_CASE("a kept folder must be empty and stays") {
  const TempFolder base = NewTempFolder();
  const std::string path = base.path() + "/new/folder";
  { REQUIRE_OK(TempFolder::Keep(path)); }
  CHECK(std::filesystem::exists(path));
  CHECK_STATUS(TempFolder::Keep(base.path()), absl::StatusCode::kFailedPrecondition,
               "an empty folder expected");
  CHECK_STATUS(TempFolder::Keep("/proc/nothing/here"), absl::StatusCode::kInvalidArgument,
               "--keep");
}

TEST_CASE("the daemons' programs are found beside pacectl or where Bazel puts them") {
  MemoryFileSystem fs;
  const auto add = [&](const std::string& path) {
    REQUIRE_OK(fs.CreateDirs(DirName(path)));
    REQUIRE_OK(WriteFileDurably(fs, path, ""));
  };
  add("/bin/paceline-scheduler");
  add("/out/server/paceline-server");
  add("/bin/paceline-server");
  CHECK_STATUS(FindDaemonBinaries(fs, "/bin/pacectl", ""), absl::StatusCode::kNotFound,
               "paceline-worker is neither in /bin nor in /worker; name its folder");
  add("/bin/paceline-worker");
  REQUIRE_OK_AND_ASSIGN(const DaemonBinaries beside, FindDaemonBinaries(fs, "/bin/pacectl", ""));
  CHECK(beside.worker == "/bin/paceline-worker");
  add("/out/scheduler/paceline-scheduler");
  add("/out/worker/paceline-worker");
  REQUIRE_OK_AND_ASSIGN(const DaemonBinaries bazel, FindDaemonBinaries(fs, "/out/cli/pacectl", ""));
  CHECK(bazel.scheduler == "/out/scheduler/paceline-scheduler");
  CHECK(bazel.server == "/out/server/paceline-server");
  CHECK_STATUS(FindDaemonBinaries(fs, "/bin/pacectl", "/elsewhere"), absl::StatusCode::kNotFound,
               "/elsewhere");
}

TEST_CASE("relative paths are meant from the job file, through symbolic links") {
  TestEnvironment test;
  const std::string root = std::filesystem::canonical(test.folder.path());
  std::filesystem::create_directories(root + "/deep/jobs");
  std::filesystem::create_directory_symlink(root + "/deep/jobs", root + "/jobs");
  REQUIRE_OK(WriteFileDurably(test.fs, root + "/deep/jobs/a.yaml",
                              "name: a\nmodel: {kind: linear}\ntrain: {epochs: 1}\n"
                              "data: {train: {path: ../x.csv, format: csv}}\n"));
  REQUIRE_OK_AND_ASSIGN(const v1::JobSpec spec, LoadJobFile(test.fs, root + "/jobs/a.yaml"));
  CHECK(spec.data().train().path() == root + "/deep/x.csv");
  REQUIRE(MissingFiles(test.fs, spec).size() == 1);
  REQUIRE_OK(WriteFileDurably(test.fs, root + "/deep/x.csv", "1,2\n"));
  CHECK(MissingFiles(test.fs, spec).empty());
}

TEST_CASE("a job file that cannot be read is a usage error") {
  TestEnvironment test;
  CHECK_STATUS(LoadJobFile(test.fs, "/no/such"), absl::StatusCode::kInvalidArgument, "/no/such");
  const std::string large = test.Write("large.yaml", std::string((1 << 20) + 1, ' '));
  CHECK_STATUS(LoadJobFile(test.fs, large), absl::StatusCode::kInvalidArgument, "large.yaml");
}

TEST_CASE("request ids are random") {
  CHECK(RandomId().size() == 32);
  CHECK(RandomId() != RandomId());
  CHECK(absl::StartsWith(SelfPath(), "/"));
  CHECK(SizeOfTerminal(-1).columns == 80);
}

TEST_CASE("contexts lie where the variables say") {
  std::map<std::string, std::string> variables;
  const auto file = [&] { return ConfigFile([&](const char* name) { return variables[name]; }); };
  CHECK(file().empty());
  variables["HOME"] = "/home/me";
  CHECK(file() == "/home/me/.config/paceline/config.yaml");
  variables["XDG_CONFIG_HOME"] = "relative";
  CHECK(file() == "/home/me/.config/paceline/config.yaml");
  variables["XDG_CONFIG_HOME"] = "/xdg";
  CHECK(file() == "/xdg/paceline/config.yaml");
  variables["PACELINE_CONFIG"] = "/etc/me.yaml";
  CHECK(file() == "/etc/me.yaml");
}

}  // namespace
}  // namespace paceline::cli
