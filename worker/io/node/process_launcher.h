// Tasks as processes: this worker's own binary, run again as
//
//   paceline-worker task --job=7 --rank=3 --incarnation=1 --device=cuda:0 --log-level=info ...
//
// A task logs what its worker logs when it starts (common/log_level.h), and keeps to that.
// What a task prints goes to its log (task_logs.h); its last lines are part of how
// it ended.
#ifndef PACELINE_WORKER_IO_NODE_PROCESS_LAUNCHER_H_
#define PACELINE_WORKER_IO_NODE_PROCESS_LAUNCHER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/fs.h"
#include "worker/io/node/task_launcher.h"
#include "worker/io/node/task_logs.h"

namespace paceline::worker {

struct ProcessLauncherOptions {
  // Outlives the launcher.
  FileSystem* fs = nullptr;
  // Path of the binary, and the arguments before those of the task.
  std::vector<std::string> command;
  // Further arguments of every task: `--scheduler=...`.
  std::vector<std::string> arguments;
  // "NAME", "value".
  std::vector<std::pair<std::string, std::string>> environment;
  std::string data_dir;
  // Jobs whose logs are kept.
  size_t kept_logs = kKeptJobLogs;
};

std::unique_ptr<TaskLauncher> MakeProcessLauncher(ProcessLauncherOptions options);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_PROCESS_LAUNCHER_H_
