// The log of a rank's task, read from the worker daemon that runs it.
#ifndef PACELINE_CLI_LOGS_LOGS_H_
#define PACELINE_CLI_LOGS_LOGS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/scheduler_client.h"

namespace paceline::cli {

struct LogsOptions {
  uint64_t job_id = 0;
  uint32_t rank = 0;
  // Until the task ends.
  bool follow = false;
  // Only this many bytes of the end; 0: all.
  int64_t tail_bytes = 0;
};

// Errors:  NotFound            no such job or rank.
//          FailedPrecondition  the rank has not been placed on a worker yet.
//          Unavailable         its worker cannot be reached.
absl::StatusOr<ExitCode> Logs(const LogsOptions& options, SchedulerClient& client,
                              Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOGS_LOGS_H_
