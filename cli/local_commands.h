// pacectl's commands that need no cluster.
#ifndef PACELINE_CLI_LOCAL_COMMANDS_H_
#define PACELINE_CLI_LOCAL_COMMANDS_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/exit_code.h"

namespace paceline::cli {

// Checks a job file; prints all that is wrong with it. JSON: {"valid": ...,
// "problems": [{"path", "line", "value", "allowed", "message"}], "spec": the job with
// its defaults, if valid}.
absl::StatusOr<ExitCode> ValidateJob(const std::string& job_file, OutputFormat format,
                                     Environment& env);

// The reference of a field of the job spec.
absl::StatusOr<ExitCode> ExplainField(const std::string& path, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOCAL_COMMANDS_H_
