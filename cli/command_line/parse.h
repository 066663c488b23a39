// Parses pacectl's arguments against the tree of its commands, and says what is wrong with
// them so that their author can mend them.
#ifndef PACELINE_CLI_COMMAND_LINE_PARSE_H_
#define PACELINE_CLI_COMMAND_LINE_PARSE_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <ostream>

namespace paceline::cli {

// Nothing: go on. Else the exit code: 0 after --help and --version, 2 after an error. Of an
// unknown command or flag the nearest known one is named:
//
//   pacectl submit: no flag `--wiat`; did you mean `--wait`?
std::optional<int> Parse(CLI::App* app, int argc, const char* const* argv, std::ostream& out,
                         std::ostream& err);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_COMMAND_LINE_PARSE_H_
