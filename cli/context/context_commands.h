// `pacectl context`: the clusters that a user speaks to, by name.
#ifndef PACELINE_CLI_CONTEXT_CONTEXT_COMMANDS_H_
#define PACELINE_CLI_CONTEXT_CONTEXT_COMMANDS_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace paceline::cli {

// Errors of all: as LoadContextFile and SaveContextFile; of those that name a context also
//   InvalidArgument  the name is none.
//   NotFound         there is none of that name; says the nearest.

// All contexts. kName: their names.
absl::StatusOr<ExitCode> ListContexts(OutputFormat format, Environment& env);

// One context; without a name the current one.
absl::StatusOr<ExitCode> ShowContext(const std::string& name, OutputFormat format,
                                     Environment& env);

// Makes it the current one.
absl::StatusOr<ExitCode> UseContext(const std::string& name, Environment& env);

// Adds a context, or changes what is given of one. The first one is the current one. A
// relative folder is meant from the folder that pacectl runs in.
// Errors: InvalidArgument  a new one needs an address.
absl::StatusOr<ExitCode> SetContext(const std::string& name, const std::string& address,
                                    const std::string& tls_dir, Environment& env);

// After deleting the current one there is none.
absl::StatusOr<ExitCode> DeleteContext(const std::string& name, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_CONTEXT_CONTEXT_COMMANDS_H_
