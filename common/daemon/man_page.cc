#include "common/daemon/man_page.h"

#include <iostream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/version/version.h"

namespace paceline {
namespace {

// Text that roff prints as it is.
std::string Roff(absl::string_view text) {
  std::string roff = absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}});
  std::string lines;
  for (const absl::string_view line : absl::StrSplit(roff, '\n')) {
    const bool request = absl::StartsWith(line, ".") || absl::StartsWith(line, "'");
    absl::StrAppend(&lines, lines.empty() ? "" : "\n", request ? "\\&" : "", line);
  }
  return lines;
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

bool IsHidden(const CLI::Option& option) { return option.get_group().empty(); }

// "\fB\-o\fR, \fB\-\-output\fR \fITEXT\fR", or the name of an argument.
std::string Term(const CLI::Option& option) {
  if (option.get_positional()) return absl::StrCat("\\fI", Roff(option.get_single_name()), "\\fR");
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) {
    names.push_back(absl::StrCat("\\fB", Roff("-" + name), "\\fR"));
  }
  for (const std::string& name : option.get_lnames()) {
    names.push_back(absl::StrCat("\\fB", Roff("--" + name), "\\fR"));
  }
  std::string term = absl::StrJoin(names, ", ");
  if (TakesValue(option)) {
    // "UINT:INT in [1 - 8]" and "TEXT:{a,b}" begin with the kind of the value.
    const std::string type = option.get_type_name();
    const std::string kind = type.substr(0, type.find(':'));
    absl::StrAppend(&term, " \\fI", Roff(kind.empty() ? "VALUE" : kind), "\\fR");
  }
  return term;
}

std::string Meaning(const CLI::Option& option) {
  std::string text = option.get_description();
  if (const std::vector<std::string> choices = ChoicesOf(option); !choices.empty()) {
    absl::StrAppend(&text, text.empty() ? "" : ": ", absl::StrJoin(choices, ", "));
  }
  if (!option.get_default_str().empty()) {
    absl::StrAppend(&text, " (default: ", option.get_default_str(), ")");
  }
  return text;
}

std::string Options(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    if (IsHidden(*option)) continue;
    absl::StrAppend(&text, ".TP\n", Term(*option), "\n", Roff(Meaning(*option)), "\n");
  }
  return text;
}

// What stands behind a command's name.
std::string Arguments(const CLI::App& app) {
  std::string text = " [\\fIOPTIONS\\fR]";
  for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    if (!option->get_positional()) continue;
    const bool required = option->get_required();
    absl::StrAppend(&text, required ? " \\fI" : " [\\fI", Roff(option->get_single_name()),
                    required ? "\\fR" : "\\fR]");
  }
  if (!app.get_subcommands([](const CLI::App*) { return true; }).empty()) {
    absl::StrAppend(&text, " \\fICOMMAND\\fR");
  }
  return text;
}

// Line by line, as it stands.
std::string Verbatim(absl::string_view text) {
  return absl::StrCat(".PP\n.nf\n", Roff(absl::StripTrailingAsciiWhitespace(text)), "\n.fi\n");
}

void AddCommands(const CLI::App& app, const std::string& name, std::string* text) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    const std::string full = absl::StrCat(name, " ", command->get_name());
    absl::StrAppend(text, ".SS \"", Roff(full), "\"\n.PP\n\\fB", Roff(full), "\\fR",
                    Arguments(*command), "\n.PP\n", Roff(command->get_description()), "\n",
                    Options(*command));
    if (!command->get_footer().empty() && command->get_footer() != app.get_footer()) {
      absl::StrAppend(text, Verbatim(command->get_footer()));
    }
    AddCommands(*command, full, text);
  }
}

}  // namespace

std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t begin = type.find('{');
  const size_t end = type.rfind('}');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  return absl::StrSplit(type.substr(begin + 1, end - begin - 1), ',', absl::SkipEmpty());
}

std::string ManPage(const CLI::App& app, const ManPageTitle& title) {
  std::string text =
      absl::StrCat(".TH \"", absl::AsciiStrToUpper(title.name), "\" \"", title.section,
                   "\" \"\" \"Paceline ", kVersion, "\" \"Paceline\"\n.SH NAME\n", Roff(title.name),
                   " \\- ", Roff(app.get_description()), "\n.SH SYNOPSIS\n\\fB", Roff(title.name),
                   "\\fR", Arguments(app), "\n.SH OPTIONS\n", Options(app));
  if (!app.get_subcommands([](const CLI::App*) { return true; }).empty()) {
    absl::StrAppend(&text, ".SH COMMANDS\n");
    AddCommands(app, title.name, &text);
  }
  if (!app.get_footer().empty()) {
    absl::StrAppend(&text, ".SH NOTES\n", Verbatim(app.get_footer()));
  }
  return text;
}

void AddManPageFlag(CLI::App* app, const ManPageTitle& title) {
  app->add_flag_callback(
         "--man-page",
         [app, title] {
           std::cout << ManPage(*app, title) << std::flush;
           throw CLI::Success();
         },
         "print the manual page and exit")
      ->group("");
}

}  // namespace paceline
