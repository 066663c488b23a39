#include "worker/worker_flags.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/daemon/path_flags.h"
#include "common/fs.h"
#include "common/log.h"
#include "common/status/status_macros.h"
#include "worker/core/node/device_flag.h"

namespace paceline::worker {

void AddWorkerFlags(CLI::App* app, WorkerFlags* flags) {
  app->add_option("--scheduler", flags->scheduler, "host:port of the scheduler")
      ->capture_default_str();
  app->add_option(
      "--slots", flags->slots,
      "tasks at a time (default: one a GPU, else 1); GPUs beyond are not offered, slots "
      "beyond compute on the processor");
  app->add_option("--device", flags->device,
                  "what tasks compute on: auto (the GPUs, if there are any), cpu, cuda (at least "
                  "one GPU), cuda:N (this GPU alone) or emulated (what a job's `device: auto` "
                  "means here)")
      ->capture_default_str();
  app->add_option("--shared-memory", flags->shared_memory,
                  "tasks exchange weights and gradients with servers on this host through memory")
      ->capture_default_str();
  app->add_option("--trace", flags->trace,
                  "tasks write where their time goes to files beside this one, for Perfetto");
  app->add_option("--model-dir", flags->model_dir,
                  "folder of shared libraries that jobs may bring as models: tasks run their code "
                  "with the worker's rights (default: none)")
      ->check(CLI::ExistingDirectory);
  app->add_option("--park-after-seconds", flags->park_after_seconds,
                  "silence of the scheduler after which tasks park")
      ->capture_default_str();
  app->add_option("--drain-seconds", flags->drain_seconds,
                  "how long tasks may take to end, or their ranks to move, after SIGTERM")
      ->capture_default_str();
  app->add_option("--preemption-file", flags->preemption_file,
                  "when this file appears, end as after SIGTERM");
  app->add_option("--keep-logs", flags->keep_logs, "jobs whose logs are kept")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
}

absl::StatusOr<Worker::Options> ToWorkerOptions(const DaemonFlags& daemon,
                                                const WorkerFlags& flags) {
  Worker::Options options;
  PL_ASSIGN_OR_RETURN(options.device, ParseDeviceFlag(flags.device));
  options.listen = daemon.listen;
  options.advertise = daemon.advertise;
  options.http_listen = daemon.http_listen;
  options.security = daemon.security;
  options.max_connections = daemon.max_connections;
  options.scheduler = flags.scheduler;
  options.slots = flags.slots;
  options.data_dir = daemon.data_dir;
  options.keep_logs = flags.keep_logs;
  options.trace = flags.trace;
  options.rpc_faults = daemon.test_faults.rpc;
  options.task_arguments = {
      absl::StrCat("--log-format=", daemon.log.format == LogFormat::kJson ? "json" : "text"),
      absl::StrCat("--tcp-congestion=",
                   daemon.tcp.congestion.empty() ? "system" : daemon.tcp.congestion),
      absl::StrCat("--shared-memory=", flags.shared_memory ? "true" : "false"),
      absl::StrCat("--park-after-seconds=", flags.park_after_seconds)};
  if (!flags.model_dir.empty()) {
    options.task_arguments.push_back(absl::StrCat("--model-dir=", flags.model_dir));
  }
  for (std::string& argument : PathArguments(daemon.paths)) {
    options.task_arguments.push_back(std::move(argument));
  }
  if (!daemon.test_faults.text.empty()) {
    options.task_arguments.push_back(absl::StrCat("--test-faults=", daemon.test_faults.text));
  }
  return options;
}

std::vector<std::string> OwnFolders(const WorkerFlags& flags) {
  return {flags.trace.empty() ? "" : DirName(flags.trace)};
}

}  // namespace paceline::worker
