// Processes of one benchmark case: forked from a parent that holds no threads, told
// through shared memory when to run, and metered only while they do.
//
//   RoleProcesses roles(4);
//   roles.Start(0, [](Role* role) { ...; role->AwaitGo(); while (!role->stopped()) ...; });
//   ...
//   roles.AwaitReady();
//   RunTotals totals = roles.Run(absl::Seconds(1));
//   // The destructor ends and reaps them.
//
// Owned by one thread.
#ifndef PACELINE_TESTS_BENCH_ROLE_PROCESSES_H_
#define PACELINE_TESTS_BENCH_ROLE_PROCESSES_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/time/time.h"

namespace paceline::bench {

inline constexpr int kMaxRoles = 64;
// Durations that one process keeps; later ones replace earlier ones.
inline constexpr uint32_t kMaxDurations = 1 << 16;

// What one process says of itself. Lies in shared memory.
struct RoleMeter {
  std::atomic<int> port{0};
  std::atomic<bool> ready{false};
  std::atomic<bool> done{false};
  double cpu_seconds = 0;
  uint64_t bytes = 0;
  uint64_t steps = 0;
  uint64_t durations = 0;
  float microseconds[kMaxDurations];
};

struct SharedStage {
  std::atomic<bool> go{false};
  std::atomic<bool> stop{false};
  RoleMeter meters[kMaxRoles];
};

// Inside a process.
class Role {
 public:
  Role(SharedStage* stage, int index) : stage_(stage), meter_(&stage->meters[index]) {}

  // Where this process listens, for the others.
  void SetPort(int port) { meter_->port = port; }
  // Waits until process `index` listens.
  int PortOf(int index) const;

  // Says that it is ready, and waits for the start; metered from now on.
  void AwaitGo();
  bool stopped() const { return stage_->stop.load(std::memory_order_acquire); }
  // Sleeps until then.
  void AwaitStop() const;

  // One step that moved `bytes` of payload.
  void Count(uint64_t bytes, absl::Duration took);

  // After stopped(): ends the meter and waits for the end of the process, which is killed
  // with all that it holds.
  [[noreturn]] void Finish();

 private:
  SharedStage* const stage_;
  RoleMeter* const meter_;
  double cpu_at_go_ = 0;
};

struct RunTotals {
  double seconds = 0;
  uint64_t bytes = 0;
  uint64_t steps = 0;
  // Of all processes.
  double cpu_seconds = 0;
  // Of all steps, sorted.
  std::vector<float> microseconds;

  double gigabytes_per_second() const { return static_cast<double>(bytes) / seconds / 1e9; }
  double steps_per_second() const { return static_cast<double>(steps) / seconds; }
  double cpu_seconds_per_gigabyte() const { return cpu_seconds / static_cast<double>(bytes) * 1e9; }
  // 0 if nothing was timed. `part` in [0, 1].
  double Percentile(double part) const;
};

class RoleProcesses {
 public:
  explicit RoleProcesses(int count);
  // Kills what still runs.
  ~RoleProcesses();
  RoleProcesses(const RoleProcesses&) = delete;
  RoleProcesses& operator=(const RoleProcesses&) = delete;

  // Forks; the child runs `body`, which ends with Finish.
  void Start(int index, const std::function<void(Role*)>& body);
  // Stops this process if one of them ends early or takes more than a minute.
  void AwaitReady();
  // Lets them run for that long. Once.
  RunTotals Run(absl::Duration time);

 private:
  void CheckAlive();

  const int count_;
  SharedStage* const stage_;
  std::vector<pid_t> pids_;
};

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_ROLE_PROCESSES_H_
