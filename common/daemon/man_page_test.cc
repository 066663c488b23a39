#include "common/daemon/man_page.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace paceline {
namespace {

struct Tree {
  CLI::App app{"Does things to ducks", "duck-feeder"};
  std::string format = "table";
  int count = 0;
  std::string file;
  bool hidden = false;

  Tree() {
    app.footer("Exit codes: 0 fed.\n.not a request");
    app.add_option("-f,--duck-format", format, "form of the ducks")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
    app.add_flag("--hidden", hidden, "not for people")->group("");
    CLI::App* feed = app.add_subcommand("feed", "give to ducks");
    feed->footer("Examples:\n  duck-feeder feed bread");
    feed->add_option("FILE", file, "what's given")->required();
    feed->add_option("--count", count, "how often \\ when")->check(CLI::Range(1, 8));
  }
};

TEST_CASE("a page has all options, arguments, choices, defaults and examples") {
  Tree tree;
  const std::string page = ManPage(tree.app, {.name = "duck-feeder", .section = 8});
  CHECK(absl::StartsWith(page, ".TH \"DUCK-FEEDER\" \"8\""));
  CHECK(absl::StrContains(page, ".SH NAME\nduck\\-feeder \\- Does things to ducks\n"));
  CHECK(absl::StrContains(page,
                          "\\fB\\-f\\fR, \\fB\\-\\-duck\\-format\\fR \\fITEXT\\fR\n"
                          "form of the ducks: table, json (default: table)\n"));
  CHECK(absl::StrContains(page, ".SS \"duck\\-feeder feed\"\n"));
  CHECK(absl::StrContains(page, "\\fBduck\\-feeder feed\\fR [\\fIOPTIONS\\fR] \\fIFILE\\fR\n"));
  CHECK(absl::StrContains(page, "\\fB\\-\\-count\\fR \\fIINT\\fR\nhow often \\e when\n"));
  CHECK(absl::StrContains(page, "  duck\\-feeder feed bread\n"));
  CHECK(absl::StrContains(page, "\n\\&.not a request\n"));
  CHECK_FALSE(absl::StrContains(page, "not for people"));
}

TEST_CASE("every line of a page is text or a request that man knows") {
  Tree tree;
  for (const absl::string_view line :
       absl::StrSplit(ManPage(tree.app, {.name = "duck-feeder"}), '\n')) {
    if (!absl::StartsWith(line, ".") && !absl::StartsWith(line, "'")) continue;
    const absl::string_view request = line.substr(0, line.find(' '));
    INFO(line);
    CHECK((request == ".TH" || request == ".SH" || request == ".SS" || request == ".TP" ||
           request == ".PP" || request == ".nf" || request == ".fi"));
  }
}

TEST_CASE("choices are known of options that have some") {
  Tree tree;
  CHECK(ChoicesOf(*tree.app.get_option("--duck-format")) ==
        std::vector<std::string>{"table", "json"});
  CHECK(ChoicesOf(*tree.app.get_subcommand("feed")->get_option("--count")).empty());
}

TEST_CASE("the flag ends the program well") {
  Tree tree;
  AddManPageFlag(&tree.app, {.name = "duck-feeder"});
  const std::vector<const char*> argv = {"duck-feeder", "--man-page"};
  CHECK_THROWS_AS(tree.app.parse(2, argv.data()), CLI::Success);
}

}  // namespace
}  // namespace paceline
