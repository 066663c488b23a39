// Completion: every command and flag of the tree is in it. tests/e2e runs the one of bash.
#include "cli/command_line/completion.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "absl/strings/match.h"
#include "cli/command_line/add_commands.h"
#include "cli/command_line/command_line.h"
#include "cli/test_environment.h"

namespace paceline::cli {
namespace {

struct Tree {
  TestEnvironment test;
  CommandLine line{test.env};

  Tree() {
    AddContextCommands(&line);
    AddJobCommands(&line);
    AddReferenceCommands(&line);
  }
};

const CompletionPlace& At(const std::vector<CompletionPlace>& places,
                          const std::vector<std::string>& path) {
  const auto place = std::find_if(places.begin(), places.end(),
                                  [&](const CompletionPlace& p) { return p.path == path; });
  REQUIRE(place != places.end());
  return *place;
}

bool HasWord(const CompletionPlace& place, const std::string& word) {
  return std::any_of(place.words.begin(), place.words.end(),
                     [&](const CompletionPlace::Word& w) { return w.text == word; });
}

const CompletionPlace::Flag& FlagOf(const CompletionPlace& place, const std::string& name) {
  const auto flag = std::find_if(place.flags.begin(), place.flags.end(),
                                 [&](const CompletionPlace::Flag& f) { return f.name == name; });
  REQUIRE(flag != place.flags.end());
  return *flag;
}

TEST_CASE("places are the commands with their flags and those above") {
  Tree tree;
  const std::vector<CompletionPlace> places = CompletionPlaces(tree.line.app());
  CHECK(HasWord(At(places, {}), "context"));
  CHECK(HasWord(At(places, {"context"}), "use"));
  CHECK(HasWord(At(places, {"completion"}), "fish"));
  const CompletionPlace& submit = At(places, {"submit"});
  CHECK_FALSE(FlagOf(submit, "--wait").takes_value);
  CHECK(FlagOf(submit, "--from").takes_value);
  CHECK(FlagOf(submit, "-o").values ==
        std::vector<std::string>{"table", "wide", "name", "json", "yaml", "csv"});
  CHECK(std::count_if(submit.flags.begin(), submit.flags.end(),
                      [](const CompletionPlace::Flag& f) { return f.name == "--help"; }) == 1);
}

TEST_CASE("scripts name every command") {
  Tree tree;
  for (const std::string& script : {BashCompletion(tree.line.app()), ZshCompletion(tree.line.app()),
                                    FishCompletion(tree.line.app())}) {
    for (const char* part : {"'context|use'", "submit", "--tensorboard", "checkpoint"}) {
      INFO(part);
      const std::string text = part;
      CHECK((absl::StrContains(script, text) ||
             absl::StrContains(script, "-l " + text.substr(text.rfind('-') + 1))));
    }
  }
  // What a description holds cannot end a text of the script.
  CLI::App app("x", "pacectl");
  app.add_subcommand("feed", "what's \\given");
  CHECK(absl::StrContains(FishCompletion(app), "-d 'what\\'s \\\\given'"));
}

}  // namespace
}  // namespace paceline::cli
