#include "cli/command_line/parse.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/exit_code.h"
#include "common/spec/nearest.h"

namespace paceline::cli {
namespace {

// From the program to the innermost command that was understood.
std::vector<const CLI::App*> Chain(const CLI::App* app) {
  std::vector<const CLI::App*> chain = {app};
  while (!chain.back()->get_subcommands().empty()) {
    chain.push_back(chain.back()->get_subcommands().back());
  }
  return chain;
}

std::string NameOf(const std::vector<const CLI::App*>& chain) {
  std::vector<std::string> names;
  for (const CLI::App* app : chain) names.push_back(app->get_name());
  return absl::StrJoin(names, " ");
}

std::vector<std::string> CommandsOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> FlagsOf(const std::vector<const CLI::App*>& chain) {
  std::vector<std::string> flags;
  for (const CLI::App* app : chain) {
    for (const CLI::Option* option : app->get_options([](const CLI::Option*) { return true; })) {
      for (const std::string& name : option->get_lnames()) {
        flags.push_back(absl::StrCat("--", name));
      }
    }
  }
  return flags;
}

std::string DidYouMean(const std::string& name, const std::vector<std::string>& known) {
  const std::string meant = Nearest(name, known);
  return meant.empty() ? "" : absl::StrCat("; did you mean `", meant, "`?");
}

// What is wrong with the first argument that nobody wanted.
std::string Unknown(const std::string& argument, const std::vector<const CLI::App*>& chain) {
  if (absl::StartsWith(argument, "-")) {
    const std::string flag = argument.substr(0, argument.find('='));
    return absl::StrCat("no flag `", flag, "`", DidYouMean(flag, FlagsOf(chain)));
  }
  const std::vector<std::string> commands = CommandsOf(*chain.back());
  if (commands.empty()) return absl::StrCat("argument `", argument, "` is one too many");
  const std::string suggestion = DidYouMean(argument, commands);
  return absl::StrCat("no command `", argument, "`",
                      suggestion.empty()
                          ? absl::StrCat("; there are: ", absl::StrJoin(commands, ", "))
                          : suggestion);
}

std::string What(const CLI::ParseError& error, const CLI::App& app,
                 const std::vector<const CLI::App*>& chain) {
  // An unknown argument is the cause of whatever else is then missing.
  if (const std::vector<std::string> unknown = app.remaining(/*recurse=*/true); !unknown.empty()) {
    return Unknown(unknown.front(), chain);
  }
  const std::vector<std::string> commands = CommandsOf(*chain.back());
  if (error.get_name() == "RequiredError" && !commands.empty()) {
    return absl::StrCat("a command expected: ", absl::StrJoin(commands, ", "));
  }
  return error.what();
}

}  // namespace

std::optional<int> Parse(CLI::App* app, int argc, const char* const* argv, std::ostream& out,
                         std::ostream& err) {
  try {
    app->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app->exit(error, out, err);
    const std::vector<const CLI::App*> chain = Chain(app);
    const std::string name = NameOf(chain);
    err << name << ": " << What(error, *app, chain) << "\nsee " << name << " --help" << std::endl;
    return static_cast<int>(ExitCode::kUsage);
  }
  return std::nullopt;
}

}  // namespace paceline::cli
