// Tasks on threads of this process, for the harness and for debugging: they share
// its memory, its log and its fate.
#ifndef PACELINE_WORKER_IO_NODE_IN_PROCESS_LAUNCHER_H_
#define PACELINE_WORKER_IO_NODE_IN_PROCESS_LAUNCHER_H_

#include <memory>

#include "worker/io/node/task_launcher.h"
#include "worker/io/task/task.h"

namespace paceline::worker {

// `options` without job, rank, incarnation and device; what it points to outlives the tasks.
std::unique_ptr<TaskLauncher> MakeInProcessLauncher(TaskOptions options);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_IN_PROCESS_LAUNCHER_H_
