#include "common/process/child_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/fs_posix.h"
#include "common/process/file_tail.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

std::string OutputPath() {
  const char* dir = std::getenv("TEST_TMPDIR");
  std::string path = absl::StrCat(dir != nullptr ? dir : "/tmp", "/child_process_test.XXXXXX");
  const int fd = mkstemp(path.data());
  REQUIRE(fd >= 0);
  close(fd);
  return path;
}

ChildProcess::Options Shell(const std::string& script) {
  ChildProcess::Options options;
  options.argv = {"/bin/sh", "-c", script};
  return options;
}

std::string Output(const std::string& path) {
  PosixFileSystem fs;
  REQUIRE_OK_AND_ASSIGN(const std::vector<std::string> lines, ReadTail(fs, path, 100));
  return absl::StrJoin(lines, "|");
}

TEST_CASE("exit codes, output and environment of a child") {
  ChildProcess::Options options =
      Shell("echo \"$PACELINE_TEST in $(pwd)\"; echo err >&2; cat; exit 3");
  options.output_path = OutputPath();
  options.working_dir = "/";
  setenv("PACELINE_TEST", "ours", 1);
  options.extra_env = {"PACELINE_TEST=theirs"};
  REQUIRE_OK_AND_ASSIGN(const auto child, ChildProcess::Spawn(options));
  const ExitStatus exit = child->Wait();
  REQUIRE(exit.exit_code == 3);
  REQUIRE_FALSE(exit.success());
  REQUIRE(exit.Describe() == "exit code 3");
  REQUIRE(child->TryWait().has_value());
  REQUIRE(Output(options.output_path) == "theirs in /|err");
  unlink(options.output_path.c_str());
}

TEST_CASE("TryWait does not block, and a signal of ours is told from another's") {
  REQUIRE_OK_AND_ASSIGN(const auto ours, ChildProcess::Spawn(Shell("exec sleep 1000")));
  REQUIRE_FALSE(ours->TryWait().has_value());
  REQUIRE_OK(ours->Signal(SIGTERM));
  REQUIRE(ours->Wait().Describe() == "killed by SIGTERM (Terminated)");
  REQUIRE_OK(ours->Signal(SIGTERM));

  REQUIRE_OK_AND_ASSIGN(const auto other, ChildProcess::Spawn(Shell("kill -KILL $$")));
  const ExitStatus exit = other->Wait();
  REQUIRE(exit.signal == SIGKILL);
  REQUIRE(exit.Describe().find("not sent by us: out of memory") != std::string::npos);
}

TEST_CASE("Kill ends the whole process group") {
  ChildProcess::Options options = Shell("sleep 1000 & echo $!; wait");
  options.output_path = OutputPath();
  REQUIRE_OK_AND_ASSIGN(auto child, ChildProcess::Spawn(options));
  std::string text;
  while ((text = Output(options.output_path)).empty()) std::this_thread::yield();
  const pid_t grandchild = std::stoi(text);
  child->Kill();
  const ExitStatus exit = child->Wait();
  REQUIRE(exit.signal_was_ours);
  REQUIRE(exit.Describe() == "killed by SIGKILL (Killed)");
  // Whoever inherited it reaps it, or leaves it a zombie: dead either way.
  const std::string stat_path = absl::StrCat("/proc/", grandchild, "/stat");
  const auto alive = [&] {
    FILE* const file = fopen(stat_path.c_str(), "r");
    if (file == nullptr) return false;
    char state = '?';
    const int fields = fscanf(file, "%*d %*s %c", &state);
    fclose(file);
    return fields == 1 && state != 'Z' && state != 'X';
  };
  while (alive()) std::this_thread::yield();
  unlink(options.output_path.c_str());
}

TEST_CASE("destroying the object ends the child") {
  REQUIRE_OK_AND_ASSIGN(auto child, ChildProcess::Spawn(Shell("exec sleep 1000")));
  const pid_t pid = child->pid();
  child.reset();
  REQUIRE(kill(pid, 0) == -1);
}

TEST_CASE("a child dies with the thread that spawned it, if asked to") {
  std::unique_ptr<ChildProcess> child;
  std::thread([&] {
    auto spawned = ChildProcess::Spawn(Shell("exec sleep 1000"));
    if (spawned.ok()) child = *std::move(spawned);
  }).join();
  REQUIRE(child != nullptr);
  REQUIRE(child->Wait().signal == SIGKILL);
}

TEST_CASE("what cannot be started says why") {
  ChildProcess::Options options;
  options.argv = {"/no/such/program"};
  REQUIRE_STATUS(ChildProcess::Spawn(options), absl::StatusCode::kNotFound,
                 "start /no/such/program");
  options = Shell("true");
  options.working_dir = "/no/such/dir";
  REQUIRE_STATUS(ChildProcess::Spawn(options), absl::StatusCode::kNotFound, "enter /no/such/dir");
  options = Shell("true");
  options.output_path = "/no/such/dir/log";
  REQUIRE_STATUS(ChildProcess::Spawn(options), absl::StatusCode::kNotFound, "open output");
}

TEST_CASE("the child inherits neither blocked signals nor descriptors") {
  sigset_t term;
  sigset_t before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, &before);
  const int leaked = open("/dev/null", O_RDONLY);
  REQUIRE(leaked > 2);
  ChildProcess::Options options = Shell("ls /proc/self/fd | wc -l; kill -TERM $$; echo survived");
  options.output_path = OutputPath();
  REQUIRE_OK_AND_ASSIGN(const auto child, ChildProcess::Spawn(options));
  REQUIRE(child->Wait().signal == SIGTERM);
  // stdin, stdout, stderr and the folder that ls reads.
  REQUIRE(Output(options.output_path) == "4");
  close(leaked);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  unlink(options.output_path.c_str());
}

}  // namespace
}  // namespace paceline
