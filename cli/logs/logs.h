// `pacectl logs`: the logs of a job's ranks, of one or of many as they arrive.
//
// Several ranks have a prefix each ("rank 3 | "). With `follow` new incarnations and ranks
// that move are followed too, until the job has ended; a worker that is away is said, and
// asked again.
#ifndef PACELINE_CLI_LOGS_LOGS_H_
#define PACELINE_CLI_LOGS_LOGS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/exit_code.h"

namespace paceline::cli {

class Dialer;
class SchedulerClient;

// Logs that are followed at a time.
inline constexpr size_t kMaxFollowedLogs = 64;
inline constexpr uint64_t kMaxTailLines = 100000;

struct LogsOptions {
  uint64_t job_id = 0;
  // Empty: all, with prefixes.
  std::vector<uint32_t> ranks;
  bool follow = false;
  // Only this many lines or bytes of the end of each; 0: all.
  uint64_t tail_lines = 0;
  uint64_t tail_bytes = 0;
};

// A log that cannot be read is said, and the others are printed: the exit code is then
// kFailed.
//
// Errors:  NotFound            no such job or rank.
//          FailedPrecondition  the only rank asked for has not been placed on a worker yet.
//          Unavailable         its worker cannot be reached.
//          ResourceExhausted   more than kMaxFollowedLogs to follow.
absl::StatusOr<ExitCode> Logs(const LogsOptions& options, SchedulerClient& client,
                              const Dialer& dialer, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOGS_LOGS_H_
