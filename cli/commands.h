// pacectl's commands that ask a scheduler. Each prints data on `out`, messages on
// `err`, and returns the exit code; an error is printed by the caller.
#ifndef PACELINE_CLI_COMMANDS_H_
#define PACELINE_CLI_COMMANDS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace paceline::cli {

class SchedulerClient;

struct SubmitOptions {
  // Empty: the spec of the job that `from` names.
  std::string job_file;
  // StartSpec, in place of the job file's where given.
  std::string from;
  bool weights_only = false;
  std::string weights;
  // Empty: a new one.
  std::string request_id;
  bool wait = false;
  // With `wait`: folder for curves; empty: none.
  std::string tensorboard;
  absl::Duration timeout = absl::InfiniteDuration();
};

// With `wait`, Ctrl-C leaves the job running.
absl::StatusOr<ExitCode> Submit(const SubmitOptions& options, OutputFormat format,
                                SchedulerClient& client, Environment& env);

absl::StatusOr<ExitCode> List(OutputFormat format, SchedulerClient& client, Environment& env);

// The run summary.
absl::StatusOr<ExitCode> Status(uint64_t job_id, OutputFormat format, SchedulerClient& client,
                                Environment& env);

// Everything known of the job.
absl::StatusOr<ExitCode> Describe(uint64_t job_id, OutputFormat format, SchedulerClient& client,
                                  Environment& env);

absl::StatusOr<ExitCode> Cancel(uint64_t job_id, const std::string& reason, OutputFormat format,
                                SchedulerClient& client, Environment& env);

// Asks for a cut and waits until one is committed that holds what was applied when
// it was asked for.
absl::StatusOr<ExitCode> Checkpoint(uint64_t job_id, absl::Duration timeout, OutputFormat format,
                                    SchedulerClient& client, Environment& env);

absl::StatusOr<ExitCode> DescribeCluster(OutputFormat format, SchedulerClient& client,
                                         Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_COMMANDS_H_
