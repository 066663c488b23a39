#include "worker/io/node/task_supervisor.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"

namespace paceline::worker {
namespace {

// Tasks that do what the test says.
class FakeLauncher final : public TaskLauncher {
 public:
  struct State {
    bool stopped = false;
    bool killed = false;
    bool gone = false;
    // Ends by itself when stopped.
    bool obedient = true;
    std::optional<v1::TaskExit> exit;
  };

  absl::StatusOr<std::unique_ptr<RunningTask>> Launch(const TaskKey& key,
                                                      const TaskDevice& device) override {
    MutexLock lock(&mu);
    devices[key] = device;
    ++launches;
    changed.NotifyAll();
    if (!refuse.ok()) return refuse;
    return std::make_unique<Handle>(this, key);
  }

  void Exit(const TaskKey& key, const std::string& cause) {
    MutexLock lock(&mu);
    tasks[key].exit.emplace().set_cause(cause);
  }

  Mutex mu;
  CondVar changed;
  // Guarded by mu.
  std::map<TaskKey, State> tasks;
  std::map<TaskKey, TaskDevice> devices;
  int launches = 0;
  absl::Status refuse;

 private:
  class Handle final : public RunningTask {
   public:
    Handle(FakeLauncher* launcher, const TaskKey& key) : launcher_(launcher), key_(key) {}
    ~Handle() override {
      MutexLock lock(&launcher_->mu);
      launcher_->tasks[key_].gone = true;
    }
    int64_t pid() const override { return 1000 + key_.rank; }
    std::optional<v1::TaskExit> TryWait() override {
      MutexLock lock(&launcher_->mu);
      return launcher_->tasks[key_].exit;
    }
    void Stop() override {
      MutexLock lock(&launcher_->mu);
      FakeLauncher::State& state = launcher_->tasks[key_];
      state.stopped = true;
      if (state.obedient) state.exit.emplace().set_cause("stopped");
      launcher_->changed.NotifyAll();
    }
    void Kill() override {
      MutexLock lock(&launcher_->mu);
      FakeLauncher::State& state = launcher_->tasks[key_];
      state.killed = true;
      state.exit.emplace().set_cause("killed");
      launcher_->changed.NotifyAll();
    }

   private:
    FakeLauncher* const launcher_;
    const TaskKey key_;
  };
};

struct Fixture {
  RealClock clock;
  FakeLauncher launcher;
  Mutex mu;
  CondVar changed;
  uint64_t changes = 0;
  std::unique_ptr<TaskSupervisor> supervisor;

  // One GPU of two.
  GpuOffer offer = *OfferGpus({.kind = v1::DEVICE_KIND_CUDA, .gpu = 1},
                              {.gpus = {{.ordinal = 0}, {.ordinal = 1}}, .reason = ""}, 3);

  explicit Fixture(absl::Duration grace = absl::Milliseconds(30), std::string proc = "/nowhere") {
    supervisor = std::make_unique<TaskSupervisor>(TaskSupervisor::Options{
        .clock = &clock,
        .launcher = &launcher,
        .grace = grace,
        .poll_every = absl::Milliseconds(1),
        .sample_every = absl::ZeroDuration(),
        .proc = std::move(proc),
        .device = [this](std::optional<uint32_t> gpu) { return DeviceOfTask(offer, gpu); },
        .changed =
            [this] {
              MutexLock lock(&mu);
              ++changes;
              changed.NotifyAll();
            }});
  }

  void Order(v1::TaskOrder::Desired desired, uint32_t rank = 0, uint64_t incarnation = 1) {
    v1::TaskOrder order;
    order.set_job_id(7);
    order.set_rank(rank);
    order.set_incarnation(incarnation);
    order.set_desired(desired);
    supervisor->Obey(order);
  }
  // Waits until the reports satisfy the condition.
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
};

bool AllStarted(const std::vector<v1::TaskReport>& reports) {
  for (const v1::TaskReport& report : reports) {
    if (report.pid() == 0 && report.state() == v1::TaskReport::RUNNING) return false;
  }
  return !reports.empty();
}

constexpr TaskKey kFirst = {7, 0, 1};

TEST_CASE("A task is started once, however often it is ordered") {
  Fixture f;
  for (int i = 0; i < 3; ++i) f.Order(v1::TaskOrder::RUN);
  f.Order(v1::TaskOrder::RUN, 1);
  const std::vector<v1::TaskReport> reports =
      f.Await([](const auto& all) { return all.size() == 2 && AllStarted(all); });
  CHECK(reports[0].state() == v1::TaskReport::RUNNING);
  CHECK(reports[0].pid() == 1000);
  CHECK(reports[1].rank() == 1);
  CHECK(reports[1].incarnation() == 1);
  CHECK(f.supervisor->Runs(7, 1));
  CHECK_FALSE(f.supervisor->Runs(7, 2));
  CHECK_FALSE(f.supervisor->Runs(8, 1));
  MutexLock lock(&f.launcher.mu);
  CHECK(f.launcher.launches == 2);
}

TEST_CASE("A task that ends by itself is reported until it is ordered to stop") {
  Fixture f;
  f.Order(v1::TaskOrder::RUN);
  f.Await(AllStarted);
  f.launcher.Exit(kFirst, "exit code 3");
  const std::vector<v1::TaskReport> reports =
      f.Await([](const auto& all) { return all[0].state() == v1::TaskReport::EXITED; });
  CHECK(reports[0].exit().cause() == "exit code 3");
  CHECK_FALSE(f.supervisor->Runs(7, 0));
  // RUN does not bring it back.
  f.Order(v1::TaskOrder::RUN);
  f.Order(v1::TaskOrder::STOP);
  f.Await([](const auto& all) { return all.empty(); });
  MutexLock lock(&f.launcher.mu);
  CHECK(f.launcher.launches == 1);
  CHECK(f.launcher.tasks[kFirst].gone);
}

TEST_CASE("A task is asked to stop, and killed if it does not") {
  for (const bool obedient : {true, false}) {
    Fixture f;
    {
      MutexLock lock(&f.launcher.mu);
      f.launcher.tasks[kFirst].obedient = obedient;
    }
    f.Order(v1::TaskOrder::RUN);
    f.Await(AllStarted);
    f.Order(v1::TaskOrder::STOP);
    f.Await([](const auto& all) { return all.empty(); });
    MutexLock lock(&f.launcher.mu);
    CHECK(f.launcher.tasks[kFirst].stopped);
    CHECK(f.launcher.tasks[kFirst].killed == !obedient);
  }
}

TEST_CASE("A task that cannot be started is reported as ended, with the reason") {
  Fixture f;
  {
    MutexLock lock(&f.launcher.mu);
    f.launcher.refuse = absl::NotFoundError("no such program");
  }
  f.Order(v1::TaskOrder::RUN);
  const std::vector<v1::TaskReport> reports = f.Await(
      [](const auto& all) { return !all.empty() && all[0].state() == v1::TaskReport::EXITED; });
  CHECK(reports[0].exit().cause() == "cannot be started: no such program");
}

TEST_CASE("A task gets the GPU of its order, or none, and says so") {
  Fixture f;
  for (const int gpu : {-1, 0, 1}) {
    v1::TaskOrder order;
    order.set_job_id(7);
    order.set_rank(static_cast<uint32_t>(gpu + 1));
    order.set_incarnation(1);
    order.set_desired(v1::TaskOrder::RUN);
    if (gpu >= 0) order.set_gpu(static_cast<uint32_t>(gpu));
    f.supervisor->Obey(order);
  }
  const std::vector<v1::TaskReport> reports = f.Await([](const auto& all) {
    return all.size() == 3 && AllStarted(all) && all[1].state() == v1::TaskReport::EXITED;
  });
  CHECK_FALSE(reports[0].has_gpu());
  CHECK(reports[1].gpu() == 0);
  CHECK(reports[1].exit().cause() == "cannot be started: gpu 0: this worker offers 1");
  CHECK(reports[2].gpu() == 1);
  MutexLock lock(&f.launcher.mu);
  CHECK(f.launcher.launches == 2);
  CHECK(DeviceFlagText(f.launcher.devices[{7, 0, 1}].device) == "cpu");
  CHECK(DeviceFlagText(f.launcher.devices[{7, 2, 1}].device) == "cuda:1");
}

TEST_CASE("A stop for what is not there does nothing") {
  Fixture f;
  f.Order(v1::TaskOrder::STOP);
  CHECK(f.supervisor->Reports().empty());
}

TEST_CASE("Incarnations are tasks of their own") {
  Fixture f;
  f.Order(v1::TaskOrder::RUN, 0, 1);
  f.Order(v1::TaskOrder::RUN, 0, 2);
  f.Await([](const auto& all) { return all.size() == 2 && AllStarted(all); });
  f.Order(v1::TaskOrder::STOP, 0, 1);
  const std::vector<v1::TaskReport> left = f.Await([](const auto& all) { return all.size() == 1; });
  CHECK(left[0].incarnation() == 2);
  CHECK(f.supervisor->Runs(7, 0));
}

TEST_CASE("Shutdown ends all tasks and takes no more orders") {
  Fixture f;
  f.Order(v1::TaskOrder::RUN, 0);
  f.Order(v1::TaskOrder::RUN, 1);
  f.Await([](const auto& all) { return all.size() == 2 && AllStarted(all); });
  f.supervisor->Shutdown();
  CHECK(f.supervisor->Reports().empty());
  f.Order(v1::TaskOrder::RUN, 2);
  CHECK(f.supervisor->Reports().empty());
  f.supervisor->Shutdown();
  MutexLock lock(&f.launcher.mu);
  CHECK(f.launcher.tasks[kFirst].stopped);
}

TEST_CASE("Tasks are counted by how they end") {
  Fixture f;
  f.Order(v1::TaskOrder::RUN, 0, 1);
  f.Order(v1::TaskOrder::RUN, 1, 4);
  f.Await([](const auto& all) { return all.size() == 2 && AllStarted(all); });
  {
    MutexLock lock(&f.launcher.mu);
    v1::TaskExit& exit = f.launcher.tasks[kFirst].exit.emplace();
    exit.set_cause("killed by signal 11 (SIGSEGV)");
    exit.set_signal(11);
  }
  f.Await([](const auto& all) { return all[0].state() == v1::TaskReport::EXITED; });
  f.Order(v1::TaskOrder::STOP, 1, 4);
  f.Await([](const auto& all) { return all.size() == 1; });
  const TaskStats& stats = f.supervisor->stats();
  CHECK(stats.started.value() == 2);
  CHECK(stats.restarted.value() == 1);
  for (size_t ending = 0; ending < kTaskEndings; ++ending) {
    CAPTURE(TaskEndingName(static_cast<TaskEnding>(ending)));
    const bool once = ending == static_cast<size_t>(TaskEnding::kSignal) ||
                      ending == static_cast<size_t>(TaskEnding::kStopped);
    CHECK(stats.ended[ending].value() == (once ? 1 : 0));
  }
}

TEST_CASE("What ends a task is told apart") {
  v1::TaskExit exit;
  CHECK(EndingOf(exit, false) == TaskEnding::kDone);
  CHECK(EndingOf(exit, true) == TaskEnding::kStopped);
  exit.set_exit_code(3);
  CHECK(EndingOf(exit, false) == TaskEnding::kExitCode);
  exit.set_signal(9);
  CHECK(EndingOf(exit, false) == TaskEnding::kSignal);
  exit.set_cause("out of memory: killed by the kernel (SIGKILL)");
  CHECK(EndingOf(exit, true) == TaskEnding::kOutOfMemory);
  exit.set_cause("cannot be started: no such program");
  CHECK(EndingOf(exit, false) == TaskEnding::kNotStarted);
}

TEST_CASE("What a task's process takes is read from /proc, and kept when it has ended") {
  std::string proc = (std::filesystem::temp_directory_path() / "proc.XXXXXX").string();
  REQUIRE(mkdtemp(proc.data()) != nullptr);
  std::filesystem::create_directories(proc + "/1000");
  const auto write = [&](uint64_t ticks) {
    // Renamed: the supervisor may be reading it.
    std::ofstream(proc + "/stat") << "1000 (a) (b) R 1 1 1 0 -1 0 1 0 0 0 " << ticks
                                  << " 7 0 0 20 0 3 0 4200 1000000 16 1 1 1";
    std::filesystem::rename(proc + "/stat", proc + "/1000/stat");
  };
  const auto ticks = [](double seconds) {
    return seconds * static_cast<double>(sysconf(_SC_CLK_TCK));
  };
  Fixture f(absl::Milliseconds(30), proc);
  write(100);
  f.Order(v1::TaskOrder::RUN);
  f.Await(AllStarted);
  for (const uint64_t expected : {100, 250}) {
    write(expected);
    while (ticks(f.supervisor->Reports()[0].cpu_user_seconds()) < expected - 0.5) {
    }
    CHECK(ticks(f.supervisor->Reports()[0].cpu_user_seconds()) == Approx(expected));
  }
  const v1::TaskReport running = f.supervisor->Reports()[0];
  CHECK(ticks(running.cpu_system_seconds()) == Approx(7));
  CHECK(running.resident_bytes() == 16 * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  CHECK(f.supervisor->Tasks()[0].uptime > absl::ZeroDuration());

  f.launcher.Exit(kFirst, "exit code 3");
  f.Await([](const auto& all) { return all[0].state() == v1::TaskReport::EXITED; });
  std::filesystem::remove_all(proc);
  const TaskSupervisor::Task ended = f.supervisor->Tasks()[0];
  CHECK(ticks(ended.report.cpu_user_seconds()) == Approx(250));
  CHECK(ended.report.resident_bytes() == 0);
  CHECK(f.supervisor->Tasks()[0].uptime == ended.uptime);
}

}  // namespace
}  // namespace paceline::worker
