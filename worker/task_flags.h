// The command line between a worker daemon and its tasks.
#ifndef PACELINE_WORKER_TASK_FLAGS_H_
#define PACELINE_WORKER_TASK_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/daemon/path_flags.h"
#include "common/log.h"
#include "worker/io/net/task_clients.h"
#include "worker/io/task/task.h"

namespace paceline::worker {

struct TaskFlags {
  uint64_t job = 0;
  uint32_t rank = 0;
  uint64_t incarnation = 0;
  std::string scheduler;
  // Of its worker; empty: none.
  std::string tls_dir;
  std::string index_dir;
  std::string model_dir;
  std::string trace;
  std::string device = "auto";
  std::string device_reason;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string tcp_congestion = "auto";
  bool shared_memory = true;
  uint64_t park_after_seconds = 600;
  // As the worker has them.
  PathFlags paths;
  std::string test_faults;
};

void AddTaskFlags(CLI::App* app, TaskFlags* flags);

// Without clock, file system and clients. Checks all flags.
// Errors:  InvalidArgument  names the flag.
absl::StatusOr<TaskOptions> ToTaskOptions(const TaskFlags& flags);

// The functions below are for flags that ToTaskOptions has found good.

// Sets up the log, how connections send, and what goes wrong on purpose.
void InitTask(const TaskFlags& flags);

// Folders that the task writes to for itself.
std::vector<std::string> OwnFolders(const TaskFlags& flags);

// Errors:  those of RpcSecurity::Load.
absl::StatusOr<TaskClientOptions> ClientOptionsOf(const TaskFlags& flags);

// Errors:  InvalidArgument  names the flag.
absl::StatusOr<LogOptions> LogOptionsOf(const TaskFlags& flags);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_TASK_FLAGS_H_
