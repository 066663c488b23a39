// The supervisor with real child processes: /bin/sh plays the task. The shell's $0
// and $1... are the arguments that a task gets.
#include "worker/io/node/process_launcher.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/fs_posix.h"
#include "common/log.h"
#include "common/log_level.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "worker/io/node/oom_watch.h"
#include "worker/io/node/task_logs.h"
#include "worker/io/node/task_supervisor.h"

namespace paceline::worker {
namespace {

std::string TempDir(const std::string& name) {
  const char* dir = std::getenv("TEST_TMPDIR");
  return absl::StrCat(dir != nullptr ? dir : "/tmp", "/", name);
}

constexpr TaskKey kTask = {7, 3, 2};

struct Fixture {
  RealClock clock;
  PosixFileSystem fs;
  std::string data_dir;
  std::unique_ptr<TaskLauncher> launcher;
  Mutex mu;
  CondVar changed;
  uint64_t changes = 0;
  std::unique_ptr<TaskSupervisor> supervisor;

  Fixture(const std::string& name, const std::string& script) : data_dir(TempDir(name)) {
    ProcessLauncherOptions options;
    options.fs = &fs;
    options.command = {"/bin/sh", "-c", script, "task"};
    options.arguments = {"--scheduler=here:1"};
    options.environment = {{"COLOUR", "green"}};
    options.data_dir = data_dir;
    launcher = MakeProcessLauncher(options);
    supervisor = std::make_unique<TaskSupervisor>(TaskSupervisor::Options{
        .clock = &clock,
        .launcher = launcher.get(),
        .device =
            [](std::optional<uint32_t> gpu) {
              return TaskDevice{.device = {.kind = v1::DEVICE_KIND_CUDA, .gpu = gpu},
                                .reason = "so be it"};
            },
        .changed =
            [this] {
              MutexLock lock(&mu);
              ++changes;
              changed.NotifyAll();
            }});
  }

  void Order(v1::TaskOrder::Desired desired) {
    v1::TaskOrder order;
    order.set_job_id(kTask.job_id);
    order.set_rank(kTask.rank);
    order.set_gpu(1);
    order.set_incarnation(kTask.incarnation);
    order.set_desired(desired);
    supervisor->Obey(order);
  }
  std::vector<v1::TaskReport> Await(
      const std::function<bool(const std::vector<v1::TaskReport>&)>& condition) {
    for (;;) {
      uint64_t seen = 0;
      {
        MutexLock lock(&mu);
        seen = changes;
      }
      std::vector<v1::TaskReport> reports = supervisor->Reports();
      if (condition(reports)) return reports;
      MutexLock lock(&mu);
      while (changes == seen) changed.Wait(&mu);
    }
  }
  v1::TaskExit RunToEnd() {
    Order(v1::TaskOrder::RUN);
    return Await([](const auto& all) {
             return !all.empty() && all[0].state() == v1::TaskReport::EXITED;
           })[0]
        .exit();
  }
  int64_t RunUntilStarted() {
    Order(v1::TaskOrder::RUN);
    return Await([](const auto& all) { return !all.empty() && all[0].pid() != 0; })[0].pid();
  }
};

TEST_CASE("An exit code and the last lines of the log are reported") {
  Fixture f("exit", "for i in $(seq 30); do echo line $i; done; echo oops >&2; exit 3");
  const v1::TaskExit exit = f.RunToEnd();
  CHECK(exit.cause() == "exit code 3");
  CHECK(exit.exit_code() == 3);
  CHECK(exit.signal() == 0);
  REQUIRE(exit.last_log_lines_size() == 20);
  CHECK(exit.last_log_lines(19) == "oops");
  CHECK(exit.last_log_lines(0) == "line 12");
  REQUIRE_OK_AND_ASSIGN(const std::string log, FindTaskLog(f.fs, f.data_dir, 7, 3));
  CHECK(log == TaskLogPath(f.data_dir, kTask));
}

TEST_CASE("A task gets its arguments and its environment") {
  Fixture f("arguments", "echo $COLOUR $*; exit 0");
  const v1::TaskExit exit = f.RunToEnd();
  CHECK(exit.cause() == "exit code 0");
  REQUIRE(exit.last_log_lines_size() == 1);
  CHECK(exit.last_log_lines(0) ==
        "green --job=7 --rank=3 --incarnation=2 --device=cuda:1 --device-reason=so be it "
        "--log-level=info --scheduler=here:1");
}

TEST_CASE("A task logs what its worker logs by then") {
  Fixture f("level", "echo $*");
  SetLogLevel(LogLevel::kDebug);
  const v1::TaskExit exit = f.RunToEnd();
  SetLogLevel(LogLevel::kInfo);
  REQUIRE(exit.last_log_lines_size() == 1);
  CHECK_THAT(exit.last_log_lines(0), Catch::Matchers::Contains(" --log-level=debug "));
}

TEST_CASE("A signal is named") {
  Fixture f("signal", "kill -SEGV $$");
  const v1::TaskExit exit = f.RunToEnd();
  CHECK(exit.signal() == SIGSEGV);
  CHECK_THAT(exit.cause(), Catch::Matchers::Contains("SIGSEGV"));
}

TEST_CASE("A program that is not there is a reason") {
  PosixFileSystem fs;
  ProcessLauncherOptions options;
  options.fs = &fs;
  options.command = {"/no/such/program"};
  options.data_dir = TempDir("none");
  const auto task = MakeProcessLauncher(options)->Launch(kTask, {});
  CHECK_STATUS(task.status(), absl::StatusCode::kNotFound, "/no/such/program");
}

TEST_CASE("Stop asks first, and ends a task that is deaf") {
  SECTION("it listens") {
    Fixture f("listens", "exec sleep 1000");
    const int64_t pid = f.RunUntilStarted();
    f.Order(v1::TaskOrder::STOP);
    f.Await([](const auto& all) { return all.empty(); });
    CHECK(kill(static_cast<pid_t>(pid), 0) != 0);
  }
  SECTION("it is deaf") {
    Fixture f("deaf", "trap '' TERM; echo ready; while :; do sleep 1; done");
    const int64_t pid = f.RunUntilStarted();
    absl::StatusOr<std::string> log = absl::NotFoundError("");
    while (!log.ok() || log->empty()) log = ReadFile(f.fs, TaskLogPath(f.data_dir, kTask));
    f.Order(v1::TaskOrder::STOP);
    f.Await([](const auto& all) { return all.empty(); });
    CHECK(kill(static_cast<pid_t>(pid), 0) != 0);
  }
}

TEST_CASE("Tasks die with their supervisor") {
  int64_t pid = 0;
  {
    Fixture f("dies", "exec sleep 1000");
    pid = f.RunUntilStarted();
    CHECK(kill(static_cast<pid_t>(pid), 0) == 0);
  }
  CHECK(kill(static_cast<pid_t>(pid), 0) != 0);
}

TEST_CASE("Kills for want of memory are counted where the kernel counts them") {
  const std::string path = TempDir("memory.events");
  std::ofstream(path) << "low 0\nhigh 3\nmax 17\noom 2\noom_kill 5\n";
  CHECK(OomWatch(path).Kills() == 5);
  std::ofstream(path) << "oom_kill_disable 0\nunder_oom 0\noom_kill 6\n";
  CHECK(OomWatch(path).Kills() == 6);
  CHECK(OomWatch("/no/such/file").Kills() == 0);
  // This process's own: whatever it says, it can be asked.
  const OomWatch own;
  CHECK(own.Kills() == own.Kills());
}

}  // namespace
}  // namespace paceline::worker
