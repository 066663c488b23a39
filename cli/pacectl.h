// The pacectl command line.
#ifndef PACELINE_CLI_PACECTL_H_
#define PACELINE_CLI_PACECTL_H_

#include "cli/environment.h"

namespace paceline::cli {

// Parses the command line, runs the command and returns the exit code (exit_code.h).
// Help goes to `out`, usage errors to `err`.
int RunPacectl(int argc, const char* const* argv, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_PACECTL_H_
