// `pacectl local run`: a whole cluster for one job, in one command.
#ifndef PACELINE_CLI_LOCAL_LOCAL_RUN_H_
#define PACELINE_CLI_LOCAL_LOCAL_RUN_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/local/local_cluster.h"
#include "proto/job.pb.h"

namespace paceline::cli {

struct LocalRunOptions {
  std::string job_file;
  // Replace resources.servers and resources.workers; 0: as the job file says.
  int servers = 0;
  int workers = 0;
  // Folder of the daemons' programs; empty: found beside pacectl.
  std::string bin_dir;
  // Folder that keeps logs, cuts and state; empty: a temporary one.
  std::string keep;
  absl::Duration timeout = absl::InfiniteDuration();
  // Everything on threads of this process, for debugging, instead of real processes.
  bool in_process = false;
  // File that gets the trace of all ranks (docs/trace.md); empty: none.
  std::string trace;
  // Folder of libraries that the job may bring as its model; empty: none.
  std::string model_dir;
  // Folder for curves of the job; empty: none.
  std::string tensorboard;
  // Faults to inject, such as "kill-worker@50,kill-server@120" (chaos_events.h); empty:
  // none. Real processes only.
  std::string chaos;
};

// Starts a cluster that keeps its files in `folder`.
using StartCluster = std::function<absl::StatusOr<std::unique_ptr<LocalCluster>>(
    const v1::ResourceSpec& resources, const std::string& folder)>;

// Checks the job file and that its data exist, starts a cluster of its size, runs
// the job, prints the run summary and takes everything down again: also on SIGINT
// and SIGTERM, after cancelling the job. A job that fails is reported on `err` with
// rank, host, cause and last log lines. The trace is written at the end, however the job
// ended.
absl::StatusOr<ExitCode> LocalRun(const LocalRunOptions& options, OutputFormat format,
                                  const StartCluster& start, Environment& env);

// The same with real processes, or with threads if the options say so.
absl::StatusOr<ExitCode> LocalRun(const LocalRunOptions& options, OutputFormat format,
                                  Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOCAL_LOCAL_RUN_H_
