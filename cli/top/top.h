// `pacectl top`: what nodes and ranks take and do.
#ifndef PACELINE_CLI_TOP_TOP_H_
#define PACELINE_CLI_TOP_TOP_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/top/top_view.h"

namespace paceline::cli {

class SchedulerClient;

struct TopOptions {
  TopSort sort = TopSort::kCpu;
  // Two samples, a second apart, and their tables.
  bool once = false;
  absl::Duration timeout = absl::InfiniteDuration();
};

// Redrawn once a second on a terminal until Ctrl-C; elsewhere as with `once`. JSON and YAML:
// the cluster and its jobs that have not ended, once.
// Errors: as SchedulerClient's; DeadlineExceeded  the timeout has passed.
absl::StatusOr<ExitCode> Top(const TopOptions& options, OutputFormat format,
                             SchedulerClient& client, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_TOP_TOP_H_
