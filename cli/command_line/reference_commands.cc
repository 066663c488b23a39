#include <memory>
#include <string>

#include "cli/command_line/add_commands.h"
#include "cli/command_line/completion.h"
#include "cli/local_commands.h"
#include "common/daemon/man_page.h"
#include "common/version/version.h"

namespace paceline::cli {
namespace {

using Result = CommandLine::Result;

void AddJobSpec(CommandLine* line) {
  CLI::App* validate = line->Command("validate", "check a job file", "pacectl validate job.yaml");
  auto file = std::make_shared<std::string>();
  line->JobFile(validate, file.get());
  line->OnItsOwn(validate,
                 [line, file] { return ValidateJob(*file, line->format(), line->env()); });

  CLI::App* explain = line->Command("explain", "what a field of the job file means",
                                    "pacectl explain\n"
                                    "pacectl explain train.optimizer\n"
                                    "pacectl explain job.train.optimizer.learning_rate");
  auto field = std::make_shared<std::string>();
  explain->add_option("FIELD", *field, "such as train.optimizer; default: all");
  line->OnItsOwn(explain, [line, field] { return ExplainField(*field, line->env()); });
}

}  // namespace

void AddReferenceCommands(CommandLine* line) {
  AddJobSpec(line);

  CLI::App* completion = line->Command("completion", "print a script that completes commands",
                                       "source <(pacectl completion bash)\n"
                                       "pacectl completion fish > "
                                       "~/.config/fish/completions/pacectl.fish");
  auto shell = std::make_shared<std::string>();
  completion->add_option("SHELL", *shell, "for which shell")
      ->required()
      ->check(OneOf({"bash", "zsh", "fish"}));
  line->OnItsOwn(completion, [line, shell]() -> Result {
    const CLI::App& app = line->app();
    line->env().out << (*shell == "bash"  ? BashCompletion(app)
                        : *shell == "zsh" ? ZshCompletion(app)
                                          : FishCompletion(app))
                    << std::flush;
    return ExitCode::kOk;
  });

  CLI::App* man = line->Command("man", "print the manual page", "pacectl man | man -l -");
  line->OnItsOwn(man, [line]() -> Result {
    line->env().out << ManPage(line->app(), {.name = "pacectl", .section = 1}) << std::flush;
    return ExitCode::kOk;
  });

  CLI::App* version = line->Command("version", "the version of this program", "pacectl version");
  line->OnItsOwn(version, [line]() -> Result {
    line->env().out << "pacectl " << kVersion << std::endl;
    return ExitCode::kOk;
  });
}

}  // namespace paceline::cli
