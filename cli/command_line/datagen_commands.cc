#include <memory>
#include <string>
#include <utility>

#include "cli/command_line/add_commands.h"
#include "cli/datagen/datagen.h"
#include "cli/datagen/datagen_flags.h"

namespace paceline::cli {

void AddDatagenCommands(CommandLine* line) {
  CLI::App* datagen =
      line->Command("datagen", "make data sets of known models",
                    "pacectl datagen ctr --rows 1000000 --out train.tsv --holdout test.tsv\n"
                    "pacectl datagen ratings --seed 7 --out ratings.csv\n"
                    "pacectl datagen text --rows 1000000 | head -c 200");
  datagen->require_subcommand(1);
  AddDatagenKinds({.add =
                       [line, datagen](const std::string& name, const std::string& help,
                                       const std::string& example) {
                         return line->Command(datagen, name, help, example);
                       },
                   .on =
                       [line](CLI::App* command, std::shared_ptr<const DatagenOptions> options,
                              MakeGenerator make) {
                         line->OnItsOwn(
                             command, [line, options = std::move(options), make = std::move(make)] {
                               return Datagen(*options, make, line->format(), line->env());
                             });
                       }});
}

}  // namespace paceline::cli
