#include "cli/context/context_commands.h"

#include <memory>
#include <string>

#include "cli/command_line/add_commands.h"

namespace paceline::cli {

void AddContextCommands(CommandLine* line) {
  CLI::App* context =
      line->Command("context", "names for clusters: their address and certificates",
                    "pacectl context set lab --address 10.0.0.1:7070 --tls-dir pki/user-me\n"
                    "pacectl context use lab");
  context->require_subcommand(1);
  auto name = std::make_shared<std::string>();

  CLI::App* list = line->Command(context, "list", "all contexts", "pacectl context list");
  line->Formats(list, {OutputFormat::kName, OutputFormat::kYaml});
  line->OnItsOwn(list, [line] { return ListContexts(line->format(), line->env()); });

  CLI::App* show = line->Command(context, "show", "one context, or the current one",
                                 "pacectl context show\npacectl context show lab -o yaml");
  show->add_option("NAME", *name, "default: the current one");
  line->Formats(show, {OutputFormat::kYaml});
  line->OnItsOwn(show, [line, name] { return ShowContext(*name, line->format(), line->env()); });

  CLI::App* use =
      line->Command(context, "use", "make a context the current one", "pacectl context use lab");
  use->add_option("NAME", *name, "name of the context")->required();
  line->OnItsOwn(use, [line, name] { return UseContext(*name, line->env()); });

  CLI::App* set = line->Command(
      context, "set", "add a context, or change it: --address and --tls-dir are kept in it",
      "pacectl context set lab --address 10.0.0.1:7070 --tls-dir pki/user-me");
  set->add_option("NAME", *name, "name of the context")->required();
  line->OnItsOwn(set, [line, name] {
    const EndpointSources given = line->sources();
    return SetContext(*name, given.address_flag, given.tls_dir_flag, line->env());
  });

  CLI::App* remove =
      line->Command(context, "delete", "forget a context", "pacectl context delete lab");
  remove->add_option("NAME", *name, "name of the context")->required();
  line->OnItsOwn(remove, [line, name] { return DeleteContext(*name, line->env()); });
}

}  // namespace paceline::cli
