// The command line of a worker, beside the flags that all daemons share.
#ifndef PACELINE_WORKER_WORKER_FLAGS_H_
#define PACELINE_WORKER_WORKER_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/daemon/daemon_flags.h"
#include "worker/io/node/task_logs.h"
#include "worker/worker.h"

namespace paceline::worker {

struct WorkerFlags {
  std::string scheduler = "127.0.0.1:7070";
  // None: one a GPU, else one.
  std::optional<uint32_t> slots;
  std::string device = "auto";
  bool shared_memory = true;
  std::string trace;
  std::string model_dir;
  uint32_t park_after_seconds = 600;
  uint32_t drain_seconds = 5;
  std::string preemption_file;
  uint32_t keep_logs = kKeptJobLogs;
};

void AddWorkerFlags(CLI::App* app, WorkerFlags* flags);

// Without launcher, clock and file system.
// Errors:  InvalidArgument  names the flag.
absl::StatusOr<Worker::Options> ToWorkerOptions(const DaemonFlags& daemon,
                                                const WorkerFlags& flags);

// Folders beside its --data-dir that the worker writes to for itself.
std::vector<std::string> OwnFolders(const WorkerFlags& flags);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_WORKER_FLAGS_H_
