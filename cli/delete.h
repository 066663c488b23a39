// `pacectl delete ID`: forgets a job that has ended, with its cuts and logs.
#ifndef PACELINE_CLI_DELETE_H_
#define PACELINE_CLI_DELETE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/scheduler_client.h"

namespace paceline::cli {

// Returns once the files that the scheduler sees are gone.
absl::StatusOr<ExitCode> Delete(uint64_t job_id, SchedulerClient& client, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DELETE_H_
