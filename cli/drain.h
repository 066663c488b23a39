// `pacectl drain NODE`: empties a node for maintenance, or takes it back.
#ifndef PACELINE_CLI_DRAIN_H_
#define PACELINE_CLI_DRAIN_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/scheduler_client.h"

namespace paceline::cli {

struct DrainOptions {
  // Its number or its address.
  std::string node;
  bool undo = false;
  std::string reason;
  // Until it holds nothing.
  bool wait = false;
  absl::Duration timeout = absl::InfiniteDuration();
};

// Prints the node; with `wait` what it waits for, whenever that changes, as messages.
// Errors:  DeadlineExceeded  it still holds something; says what.
//          Cancelled         interrupted; the drain goes on.
absl::StatusOr<ExitCode> Drain(const DrainOptions& options, OutputFormat format,
                               SchedulerClient& client, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DRAIN_H_
