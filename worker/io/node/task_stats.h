// What a worker counts of its tasks, for metrics.
#ifndef PACELINE_WORKER_IO_NODE_TASK_STATS_H_
#define PACELINE_WORKER_IO_NODE_TASK_STATS_H_

#include <array>
#include <cstddef>

#include "common/metrics/instruments.h"
#include "proto/cluster.pb.h"

namespace paceline::worker {

// Why a task is no more.
enum class TaskEnding {
  // By itself, with exit code 0.
  kDone,
  // Ordered to stop.
  kStopped,
  kExitCode,
  kSignal,
  kOutOfMemory,
  kNotStarted,
};
inline constexpr size_t kTaskEndings = 6;

// For a label: "out_of_memory".
const char* TaskEndingName(TaskEnding ending);

// `stop_ordered`: it was to end.
TaskEnding EndingOf(const v1::TaskExit& exit, bool stop_ordered);

// Thread-safe.
struct TaskStats {
  metrics::Counter started;
  // Of those, in the place of one that had ended: an incarnation beyond the first.
  metrics::Counter restarted;
  std::array<metrics::Counter, kTaskEndings> ended;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_TASK_STATS_H_
