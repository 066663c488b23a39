#include "worker/task_flags.h"

#include "common/clock.h"
#include "common/failpoint/test_faults.h"
#include "common/fs.h"
#include "common/hash.h"
#include "common/rpc/security.h"
#include "common/rpc/tcp_options.h"
#include "common/status/status_macros.h"
#include "worker/core/node/device_flag.h"

namespace paceline::worker {

void AddTaskFlags(CLI::App* app, TaskFlags* flags) {
  app->add_option("--job", flags->job, "the job's id")->required();
  app->add_option("--rank", flags->rank, "the rank that it plays")->required();
  app->add_option("--incarnation", flags->incarnation, "which life of the rank this is")
      ->required();
  app->add_option("--scheduler", flags->scheduler, "host:port of the scheduler")->required();
  app->add_option("--tls-dir", flags->tls_dir, "folder with its worker's certificate");
  app->add_option("--index-dir", flags->index_dir, "folder for record indexes");
  app->add_option("--model-dir", flags->model_dir, "folder of users' libraries");
  app->add_option("--trace", flags->trace, "file beside which a trace is written");
  app->add_option("--device", flags->device,
                  "what a job's `device: auto` means here; with cuda:N its GPU");
  app->add_option("--device-reason", flags->device_reason, "why, for the job's summary");
  app->add_option("--log-level", flags->log_level, "debug, info, warning or error");
  app->add_option("--log-format", flags->log_format, "text or json");
  app->add_option("--tcp-congestion", flags->tcp_congestion, "congestion control of connections");
  app->add_option("--shared-memory", flags->shared_memory, "with servers on this host");
  app->add_option("--park-after-seconds", flags->park_after_seconds,
                  "silence of the scheduler after which the rank parks");
  AddPathFlags(app, &flags->paths);
  app->add_option("--test-faults", flags->test_faults, "for tests only: what goes wrong");
}

absl::StatusOr<LogOptions> LogOptionsOf(const TaskFlags& flags) {
  LogOptions log;
  log.role = "task";
  PL_ASSIGN_OR_RETURN(log.level, ParseLogLevel(flags.log_level));
  PL_ASSIGN_OR_RETURN(log.format, ParseLogFormat(flags.log_format));
  return log;
}

void InitTask(const TaskFlags& flags) {
  InitLogging(*LogOptionsOf(flags));
  SetDefaultTcpOptions(*ParseTcpCongestion(flags.tcp_congestion));
  EnableTestFaults(*ParseTestFaults(flags.test_faults));
}

std::vector<std::string> OwnFolders(const TaskFlags& flags) {
  return {flags.index_dir, flags.trace.empty() ? "" : DirName(flags.trace)};
}

absl::StatusOr<TaskClientOptions> ClientOptionsOf(const TaskFlags& flags) {
  TaskClientOptions options;
  options.scheduler = flags.scheduler;
  if (!flags.tls_dir.empty()) {
    PL_ASSIGN_OR_RETURN(options.security, RpcSecurity::Load(flags.tls_dir, RealClock().Now()));
  }
  options.shared_memory = flags.shared_memory;
  options.faults = ParseTestFaults(flags.test_faults)->rpc;
  options.stream = MixBits(flags.rank, flags.incarnation);
  return options;
}

absl::StatusOr<TaskOptions> ToTaskOptions(const TaskFlags& flags) {
  PL_RETURN_IF_ERROR(LogOptionsOf(flags).status());
  PL_RETURN_IF_ERROR(ParseTcpCongestion(flags.tcp_congestion).status());
  PL_RETURN_IF_ERROR(ParseTestFaults(flags.test_faults).status());
  TaskOptions options;
  PL_ASSIGN_OR_RETURN(options.device, ParseDeviceFlag(flags.device));
  options.device_reason = flags.device_reason;
  options.job_id = flags.job;
  options.rank = flags.rank;
  options.incarnation = flags.incarnation;
  options.index_dir = flags.index_dir;
  options.model_dir = flags.model_dir;
  options.trace = flags.trace;
  options.park_after = absl::Seconds(flags.park_after_seconds);
  return options;
}

}  // namespace paceline::worker
