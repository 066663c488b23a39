// `pacectl log-level [LEVEL [NODE...]]`: what daemons log, asked or changed as they run.
#ifndef PACELINE_CLI_LOG_LEVEL_H_
#define PACELINE_CLI_LOG_LEVEL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/dialer.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/scheduler_client.h"

namespace paceline::cli {

struct LogLevelOptions {
  // debug, info, warning or error; empty: ask, change nothing.
  std::string level;
  // Nodes by number or address, and "scheduler". None: the scheduler.
  std::vector<std::string> nodes;
  // The scheduler and every node.
  bool all = false;
};

// Prints a line for each daemon: "server 2 (s1:7071): info -> debug". One that does not do it
// is a message, and the others go on; the exit code is that of the first such error.
// Errors:  NotFound     a node that there is not, before anything is changed; names those
//                       that there are.
//          Unavailable  there is no scheduler.
absl::StatusOr<ExitCode> DaemonLogLevel(const LogLevelOptions& options, OutputFormat format,
                                        SchedulerClient& client, const Dialer& dialer,
                                        Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOG_LEVEL_H_
