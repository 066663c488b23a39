// How a worker starts the tasks that it is told to run: as processes of its own
// binary, or on threads of its own for tests.
#ifndef PACELINE_WORKER_IO_NODE_TASK_LAUNCHER_H_
#define PACELINE_WORKER_IO_NODE_TASK_LAUNCHER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>

#include "absl/status/statusor.h"
#include "proto/cluster.pb.h"
#include "worker/core/node/gpu_offer.h"

namespace paceline::worker {

// One life of a rank.
struct TaskKey {
  uint64_t job_id = 0;
  uint32_t rank = 0;
  uint64_t incarnation = 0;

  friend bool operator<(const TaskKey& a, const TaskKey& b) {
    return std::tie(a.job_id, a.rank, a.incarnation) < std::tie(b.job_id, b.rank, b.incarnation);
  }
  friend bool operator==(const TaskKey&, const TaskKey&) = default;
};

// A task that has been started. Owned by the supervisor's thread.
class RunningTask {
 public:
  // Ends it at once if it still runs.
  virtual ~RunningTask() = default;
  // 0: it has no process of its own.
  virtual int64_t pid() const = 0;
  // How it ended; nothing while it runs. Does not block.
  virtual std::optional<v1::TaskExit> TryWait() = 0;
  // Asks it to end.
  virtual void Stop() = 0;
  // Ends it without asking.
  virtual void Kill() = 0;
};

class TaskLauncher {
 public:
  virtual ~TaskLauncher() = default;
  // Called on the supervisor's thread, which lives as long as the task may.
  // Errors:  why the task could not be started.
  virtual absl::StatusOr<std::unique_ptr<RunningTask>> Launch(const TaskKey& key,
                                                              const TaskDevice& device) = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_TASK_LAUNCHER_H_
