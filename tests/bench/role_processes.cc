#include "tests/bench/role_processes.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <new>

#include "absl/time/clock.h"
#include "common/check.h"

namespace paceline::bench {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);
constexpr absl::Duration kPoll = absl::Milliseconds(1);

double CpuSeconds() {
  rusage usage;
  PL_CHECK_EQ(getrusage(RUSAGE_SELF, &usage), 0);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

SharedStage* MapStage() {
  void* const memory =
      mmap(nullptr, sizeof(SharedStage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  PL_CHECK(memory != MAP_FAILED);
  return new (memory) SharedStage;
}

}  // namespace

int Role::PortOf(int index) const {
  for (;;) {
    if (const int port = stage_->meters[index].port; port != 0) return port;
    absl::SleepFor(kPoll);
  }
}

void Role::AwaitGo() {
  meter_->ready = true;
  while (!stage_->go) absl::SleepFor(kPoll);
  cpu_at_go_ = CpuSeconds();
}

void Role::AwaitStop() const {
  while (!stopped()) absl::SleepFor(kPoll);
}

void Role::Count(uint64_t bytes, absl::Duration took) {
  meter_->bytes += bytes;
  ++meter_->steps;
  meter_->microseconds[meter_->durations++ % kMaxDurations] =
      static_cast<float>(absl::ToDoubleMicroseconds(took));
}

void Role::Finish() {
  meter_->cpu_seconds = CpuSeconds() - cpu_at_go_;
  meter_->done = true;
  for (;;) pause();
}

double RunTotals::Percentile(double part) const {
  if (microseconds.empty()) return 0;
  const auto at = static_cast<size_t>(part * static_cast<double>(microseconds.size()));
  return microseconds[std::min(at, microseconds.size() - 1)];
}

RoleProcesses::RoleProcesses(int count) : count_(count), stage_(MapStage()) {
  PL_CHECK_LE(count, kMaxRoles);
}

RoleProcesses::~RoleProcesses() {
  for (const pid_t pid : pids_) kill(pid, SIGKILL);
  for (const pid_t pid : pids_) waitpid(pid, nullptr, 0);
  munmap(stage_, sizeof(SharedStage));
}

void RoleProcesses::Start(int index, const std::function<void(Role*)>& body) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  PL_CHECK_GE(pid, 0);
  if (pid == 0) {
    // Never outlives the benchmark.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    Role role(stage_, index);
    body(&role);
    _exit(1);
  }
  pids_.push_back(pid);
}

void RoleProcesses::CheckAlive() {
  for (const pid_t pid : pids_) {
    int status = 0;
    PL_CHECK_EQ(waitpid(pid, &status, WNOHANG), 0) << "a process ended early, status " << status;
  }
}

void RoleProcesses::AwaitReady() {
  const absl::Time until = absl::Now() + kPatience;
  for (int i = 0; i < count_; ++i) {
    while (!stage_->meters[i].ready) {
      CheckAlive();
      PL_CHECK(absl::Now() < until) << "process " << i << " does not get ready";
      absl::SleepFor(kPoll);
    }
  }
}

RunTotals RoleProcesses::Run(absl::Duration time) {
  const absl::Time start = absl::Now();
  stage_->go = true;
  absl::SleepFor(time);
  stage_->stop = true;
  RunTotals totals;
  totals.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  for (int i = 0; i < count_; ++i) {
    const RoleMeter& meter = stage_->meters[i];
    while (!meter.done) {
      CheckAlive();
      PL_CHECK(absl::Now() < start + time + kPatience) << "process " << i << " does not stop";
      absl::SleepFor(kPoll);
    }
    totals.bytes += meter.bytes;
    totals.steps += meter.steps;
    totals.cpu_seconds += meter.cpu_seconds;
    totals.microseconds.insert(
        totals.microseconds.end(), meter.microseconds,
        meter.microseconds + std::min<uint64_t>(meter.durations, kMaxDurations));
  }
  std::sort(totals.microseconds.begin(), totals.microseconds.end());
  return totals;
}

}  // namespace paceline::bench
