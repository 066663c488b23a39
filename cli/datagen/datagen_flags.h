// The command line of pacectl datagen.
#ifndef PACELINE_CLI_DATAGEN_DATAGEN_FLAGS_H_
#define PACELINE_CLI_DATAGEN_DATAGEN_FLAGS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "cli/datagen/datagen.h"
#include "cli/datagen/generator.h"

namespace paceline::cli {

// What adding them needs of the tree of commands.
struct DatagenCommands {
  // A command of `datagen` by name, with help and one example.
  std::function<CLI::App*(const std::string& name, const std::string& help,
                          const std::string& example)>
      add;
  // What it is to run: the options are filled in by then.
  std::function<void(CLI::App*, std::shared_ptr<const DatagenOptions>, MakeGenerator)> on;
};

// Adds ctr, ratings, linear, blobs and text.
void AddDatagenKinds(const DatagenCommands& commands);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_DATAGEN_FLAGS_H_
