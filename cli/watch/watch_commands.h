// `pacectl watch`: a job to its end, or all jobs, as a table that is redrawn.
#ifndef PACELINE_CLI_WATCH_WATCH_COMMANDS_H_
#define PACELINE_CLI_WATCH_WATCH_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace paceline::cli {

class SchedulerClient;

struct WatchJobOptions {
  std::optional<uint64_t> job_id;
  absl::Duration timeout = absl::InfiniteDuration();
  // Folder for curves; empty: none.
  std::string tensorboard;
};

// Follows the job to its end, and prints its summary then. On a terminal the job and its
// ranks are redrawn in place, elsewhere there is a line now and then; JSON and YAML: a
// document for each change.
// Errors: as WatchToEnd.
absl::StatusOr<ExitCode> WatchJob(const WatchJobOptions& options, OutputFormat format,
                                  SchedulerClient& client, Environment& env);

// All jobs, looked at once a second until Ctrl-C. Elsewhere than on a terminal a line for
// each job that is new or has another state.
// Errors:  DeadlineExceeded  the timeout has passed.
//          Unavailable       the scheduler was away for too long.
absl::StatusOr<ExitCode> WatchJobs(absl::Duration timeout, OutputFormat format,
                                   SchedulerClient& client, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_WATCH_WATCH_COMMANDS_H_
