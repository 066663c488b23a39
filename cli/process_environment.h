// The environment of the real process: its streams, terminal and variables.
#ifndef PACELINE_CLI_PROCESS_ENVIRONMENT_H_
#define PACELINE_CLI_PROCESS_ENVIRONMENT_H_

#include <string>

namespace paceline::cli {

// Width of the terminal behind `descriptor`; 80 if it is none.
int TerminalColumns(int descriptor);

// Path of the running program.
std::string SelfPath();

// 32 random hex digits.
std::string RandomId();

}  // namespace paceline::cli

#endif  // PACELINE_CLI_PROCESS_ENVIRONMENT_H_
