// Manual pages, made of a program's own command line: they say what --help says.
#ifndef PACELINE_COMMON_DAEMON_MAN_PAGE_H_
#define PACELINE_COMMON_DAEMON_MAN_PAGE_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace paceline {

struct ManPageTitle {
  std::string name;
  // 1: a user's command; 8: a daemon.
  int section = 1;
};

// The page in roff, with man's macros: NAME, SYNOPSIS, OPTIONS, then COMMANDS with the options and
// examples of each, and the footer. Options without a group are hidden and left out.
//
// Thread-safe: a pure function.
std::string ManPage(const CLI::App& app, const ManPageTitle& title);

// The values of an option that takes one of a few; else empty.
std::vector<std::string> ChoicesOf(const CLI::Option& option);

// Adds the hidden flag --man-page, which prints the page and ends the program.
void AddManPageFlag(CLI::App* app, const ManPageTitle& title);

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_MAN_PAGE_H_
