#include "cli/pacectl.h"

#include "cli/command_line/add_commands.h"
#include "cli/command_line/command_line.h"
#include "cli/command_line/parse.h"
#include "cli/exit_code.h"

namespace paceline::cli {

int RunPacectl(int argc, const char* const* argv, Environment& env) {
  CommandLine line(env);
  AddLocalCommands(&line);
  AddJobCommands(&line);
  AddModelCommands(&line);
  AddClusterCommands(&line);
  AddCertsCommands(&line);
  AddContextCommands(&line);
  AddDatagenCommands(&line);
  AddReferenceCommands(&line);
  if (const std::optional<int> code = Parse(&line.app(), argc, argv, env.out, env.err)) {
    return *code;
  }
  const CommandLine::Result result = line.Run();
  if (result.ok()) {
    return static_cast<int>(*result);
  }
  env.err << "pacectl: " << result.status().message() << std::endl;
  return static_cast<int>(ExitCodeOf(result.status()));
}

}  // namespace paceline::cli
