// The environment of the real process: its streams, terminal and variables.
//
//   NO_COLOR           not empty: no colours
//   TERM               dumb: lines, as if there were no terminal
//   LC_ALL, LANG       whether the terminal shows UTF-8
//   TMPDIR             folder for temporary folders
//   PACELINE_ADDRESS   scheduler to speak to
//   PACELINE_TLS_DIR   certificates to show
//   PACELINE_CONFIG    file of contexts, in place of XDG_CONFIG_HOME/paceline/config.yaml
#ifndef PACELINE_CLI_PROCESS_ENVIRONMENT_H_
#define PACELINE_CLI_PROCESS_ENVIRONMENT_H_

#include <functional>
#include <string>

#include "cli/environment.h"
#include "cli/interrupt.h"
#include "common/clock.h"
#include "common/fs.h"

namespace paceline::cli {

// All outlive it.
Environment ProcessEnvironment(Clock& clock, FileSystem& fs, Interrupt& interrupt);

// Of variables by name, empty if not set: PACELINE_CONFIG, or paceline/config.yaml in
// XDG_CONFIG_HOME (absolute, else it does not count) or ~/.config. Empty: none of them is set.
std::string ConfigFile(const std::function<std::string(const char*)>& variable);

// Of the terminal behind `descriptor`; 80 x 24 if it is none.
TerminalSize SizeOfTerminal(int descriptor);

// Path of the running program.
std::string SelfPath();

// 32 random hex digits.
std::string RandomId();

}  // namespace paceline::cli

#endif  // PACELINE_CLI_PROCESS_ENVIRONMENT_H_
