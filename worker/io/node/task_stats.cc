#include "worker/io/node/task_stats.h"

#include "absl/strings/match.h"

namespace paceline::worker {

const char* TaskEndingName(TaskEnding ending) {
  switch (ending) {
    case TaskEnding::kDone:
      return "done";
    case TaskEnding::kStopped:
      return "stopped";
    case TaskEnding::kExitCode:
      return "exit_code";
    case TaskEnding::kSignal:
      return "signal";
    case TaskEnding::kOutOfMemory:
      return "out_of_memory";
    case TaskEnding::kNotStarted:
      return "not_started";
  }
  return "unknown";
}

TaskEnding EndingOf(const v1::TaskExit& exit, bool stop_ordered) {
  if (absl::StartsWith(exit.cause(), "out of memory")) return TaskEnding::kOutOfMemory;
  if (absl::StartsWith(exit.cause(), "cannot be started")) return TaskEnding::kNotStarted;
  if (stop_ordered) return TaskEnding::kStopped;
  if (exit.signal() != 0) return TaskEnding::kSignal;
  return exit.exit_code() != 0 ? TaskEnding::kExitCode : TaskEnding::kDone;
}

}  // namespace paceline::worker
