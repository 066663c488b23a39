// Starts, watches and ends the tasks of a worker as the scheduler orders.
//
//   RUN    starts a task that is not there
//   STOP   asks it to end, and kills it a second later; forgets it
//
// A task that ends by itself is reported as EXITED, with its cause, until STOP.
//
// Owns one thread, which starts the tasks: a task's process dies with it.
// Thread-safe.
#ifndef PACELINE_WORKER_IO_NODE_TASK_SUPERVISOR_H_
#define PACELINE_WORKER_IO_NODE_TASK_SUPERVISOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/process/process_usage.h"
#include "common/sync.h"
#include "proto/node.pb.h"
#include "worker/core/node/gpu_offer.h"
#include "worker/io/node/task_launcher.h"
#include "worker/io/node/task_stats.h"

namespace paceline::worker {

class TaskSupervisor {
 public:
  struct Options {
    // Both outlive the supervisor.
    Clock* clock = nullptr;
    TaskLauncher* launcher = nullptr;
    // From STOP to the kill.
    absl::Duration grace = absl::Seconds(1);
    // How often it looks whether a task has ended.
    absl::Duration poll_every = absl::Milliseconds(20);
    // How often it reads what a task's process takes, at most, and where.
    absl::Duration sample_every = absl::Seconds(1);
    std::string proc = "/proc";
    // On what a task with this GPU, or with none, computes. Empty: it chooses itself.
    std::function<absl::StatusOr<TaskDevice>(std::optional<uint32_t> gpu)> device;
    // The reports have changed. Called on the supervisor's thread; must not block.
    std::function<void()> changed;
  };

  explicit TaskSupervisor(Options options);
  // Shuts down.
  ~TaskSupervisor();
  TaskSupervisor(const TaskSupervisor&) = delete;
  TaskSupervisor& operator=(const TaskSupervisor&) = delete;

  // Takes an order; returns at once. The same order again does nothing.
  void Obey(const v1::TaskOrder& order);

  // All tasks that run, or have ended and not been stopped, in the order of keys.
  std::vector<v1::TaskReport> Reports() const;

  // The same with the time that they run or ran.
  struct Task {
    v1::TaskReport report;
    absl::Duration uptime;
  };
  std::vector<Task> Tasks() const;

  const TaskStats& stats() const { return stats_; }

  // Time since it last looked at its tasks; zero without tasks.
  absl::Duration silence() const;

  // Whether a task of this rank runs, in any incarnation.
  bool Runs(uint64_t job_id, uint32_t rank) const;

  // Stops all tasks, waits for their end and joins. May be called twice.
  void Shutdown();

 private:
  struct Entry {
    bool run_ordered = true;
    // Set by STOP.
    bool stop_ordered = false;
    std::unique_ptr<RunningTask> task;
    bool started = false;
    // As ordered.
    std::optional<uint32_t> gpu;
    int64_t pid = 0;
    absl::Duration started_at;
    absl::Duration ended_at;
    // As last read, and when it is read again.
    ProcessUsage usage;
    absl::Duration sample_at;
    std::optional<v1::TaskExit> exit;
    // While it is being stopped.
    std::optional<absl::Duration> kill_at;
    bool killed = false;
  };

  void Run();
  // One look at everything; whether the reports have changed. The lock is let go
  // while a task is started.
  bool Tend() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void StartOne(const TaskKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<std::unique_ptr<RunningTask>> Launch(const TaskKey& key,
                                                      std::optional<uint32_t> gpu);
  bool Watch(const TaskKey& key, Entry* entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Sample(absl::Duration now, Entry* entry) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Ended(const TaskKey& key, Entry* entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  TaskStats stats_;
  mutable Mutex mu_;
  CondVar work_;
  std::map<TaskKey, Entry> tasks_ ABSL_GUARDED_BY(mu_);
  bool orders_came_ ABSL_GUARDED_BY(mu_) = false;
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
  absl::Duration looked_at_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_TASK_SUPERVISOR_H_
