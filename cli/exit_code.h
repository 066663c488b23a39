// What pacectl's exit code says.
#ifndef PACELINE_CLI_EXIT_CODE_H_
#define PACELINE_CLI_EXIT_CODE_H_

#include "absl/status/status.h"
#include "proto/cluster.pb.h"

namespace paceline::cli {

enum class ExitCode {
  kOk = 0,
  // A job failed or was cancelled, or something broke.
  kFailed = 1,
  // Wrong command line, job file, id or field.
  kUsage = 2,
  kUnavailable = 3,
  kDenied = 4,
  kTimeout = 5,
  // Ended by SIGINT or SIGTERM, as a shell reports it.
  kInterrupted = 130,
};

ExitCode ExitCodeOf(const absl::Status& status);

// Of a job that has ended.
ExitCode ExitCodeOf(v1::JobState state);

// SUCCEEDED, FAILED or CANCELLED.
bool HasEnded(v1::JobState state);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_EXIT_CODE_H_
