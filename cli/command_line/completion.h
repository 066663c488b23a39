// Scripts that complete pacectl's commands, flags and their values in a shell; made of the
// tree of commands, so that nothing is left out. What is none of these is completed as a
// file.
//
// Thread-safe: pure functions.
#ifndef PACELINE_CLI_COMMAND_LINE_COMPLETION_H_
#define PACELINE_CLI_COMMAND_LINE_COMPLETION_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace paceline::cli {

// What may stand where, in the tree's order.
struct CompletionPlace {
  // Names of the commands before, from the program's first: {"context", "use"}.
  std::vector<std::string> path;
  struct Word {
    std::string text;
    std::string meaning;
  };
  // Commands, and values of arguments.
  std::vector<Word> words;
  // Its flags and those of all commands above it, and the values of each, if few. Flags
  // that take a value are those with `takes_value`.
  struct Flag {
    std::string name;
    std::string meaning;
    bool takes_value = false;
    std::vector<std::string> values;
  };
  std::vector<Flag> flags;
};

std::vector<CompletionPlace> CompletionPlaces(const CLI::App& app);

std::string BashCompletion(const CLI::App& app);
std::string ZshCompletion(const CLI::App& app);
std::string FishCompletion(const CLI::App& app);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_COMMAND_LINE_COMPLETION_H_
