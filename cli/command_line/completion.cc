#include "cli/command_line/completion.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/daemon/man_page.h"

namespace paceline::cli {
namespace {

using Flag = CompletionPlace::Flag;
using Word = CompletionPlace::Word;

// Those that commands above have too, such as --help, stand there once.
void AddFlag(const Flag& flag, std::vector<Flag>* flags) {
  for (const Flag& known : *flags) {
    if (known.name == flag.name) return;
  }
  flags->push_back(flag);
}

void AddFlags(const CLI::App& app, std::vector<Flag>* flags) {
  for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    if (option->get_positional() || option->get_group().empty()) continue;
    Flag flag = {.name = "",
                 .meaning = option->get_description(),
                 .takes_value = option->get_items_expected_max() > 0,
                 .values = ChoicesOf(*option)};
    for (const std::string& name : option->get_snames()) {
      flag.name = absl::StrCat("-", name);
      AddFlag(flag, flags);
    }
    for (const std::string& name : option->get_lnames()) {
      flag.name = absl::StrCat("--", name);
      AddFlag(flag, flags);
    }
  }
}

void AddPlaces(const CLI::App& app, const CompletionPlace& above,
               std::vector<CompletionPlace>* places) {
  CompletionPlace place = {.path = above.path, .words = {}, .flags = above.flags};
  AddFlags(app, &place.flags);
  for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    if (!option->get_positional()) continue;
    for (const std::string& value : ChoicesOf(*option)) {
      place.words.push_back({value, option->get_description()});
    }
  }
  const std::vector<const CLI::App*> commands =
      app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
  for (const CLI::App* command : commands) {
    place.words.push_back({command->get_name(), command->get_description()});
  }
  const CompletionPlace here = place;
  places->push_back(place);
  for (const CLI::App* command : commands) {
    CompletionPlace below = here;
    below.path.push_back(command->get_name());
    AddPlaces(*command, below, places);
  }
}

std::string Path(const CompletionPlace& place) { return absl::StrJoin(place.path, " "); }

// Between single quotes of a shell.
std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

// Inside of single quotes of fish.
std::string FishQuoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// The part that bash and zsh have in common: from the words before the cursor, `words[1]`
// to `words[last]`, to the candidates in `found`.
std::string Candidates(const std::vector<CompletionPlace>& places) {
  std::string next;
  std::string skip;
  std::string values;
  std::string found;
  for (const CompletionPlace& place : places) {
    const std::string path = Path(place);
    if (!place.path.empty()) {
      std::vector<std::string> above = place.path;
      above.pop_back();
      absl::StrAppend(&next, "      ",
                      Quoted(absl::StrCat(absl::StrJoin(above, " "), "|", place.path.back())),
                      ") place=", Quoted(path), " ;;\n");
    }
    std::vector<std::string> words;
    for (const Word& word : place.words) words.push_back(word.text);
    std::vector<std::string> flags;
    std::vector<std::string> with_value;
    for (const Flag& flag : place.flags) {
      flags.push_back(flag.name);
      if (!flag.takes_value) continue;
      with_value.push_back(Quoted(absl::StrCat(path, "|", flag.name)));
      if (flag.values.empty()) continue;
      absl::StrAppend(&values, "    ", with_value.back(),
                      ") found=", Quoted(absl::StrJoin(flag.values, " ")), " ;;\n");
    }
    if (!with_value.empty()) {
      absl::StrAppend(&skip, "      ", absl::StrJoin(with_value, "|"), ") skip=1 ;;\n");
    }
    absl::StrAppend(&found, "    ", Quoted(path), ") found=", Quoted(absl::StrJoin(words, " ")),
                    "; flags=", Quoted(absl::StrJoin(flags, " ")), " ;;\n");
  }
  return absl::StrCat(
      "  local place='' found='' flags='' previous='' skip='' word\n"
      "  for word in \"${before[@]}\"; do\n"
      "    [ \"$word\" = = ] && continue\n"
      "    previous=$word\n"
      "    if [ -n \"$skip\" ]; then skip=''; previous=''; continue; fi\n"
      "    case \"$place|$word\" in\n",
      skip, next,
      "    esac\n"
      "  done\n"
      "  if [ -n \"$skip\" ]; then\n"
      "    case \"$place|$previous\" in\n",
      values,
      "    esac\n"
      "    flags=''\n"
      "  else\n"
      "    case \"$place\" in\n",
      found,
      "    esac\n"
      "    case \"$current\" in -*) found=$flags ;; esac\n"
      "  fi\n");
}

}  // namespace

std::vector<CompletionPlace> CompletionPlaces(const CLI::App& app) {
  std::vector<CompletionPlace> places;
  AddPlaces(app, CompletionPlace(), &places);
  return places;
}

std::string BashCompletion(const CLI::App& app) {
  return absl::StrCat(
      "# Completes pacectl in bash: source <(pacectl completion bash)\n"
      "_pacectl() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]}\n"
      "  local before=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n",
      Candidates(CompletionPlaces(app)),
      "  COMPREPLY=($(compgen -W \"$found\" -- \"$current\"))\n"
      "}\n"
      "complete -o default -F _pacectl pacectl\n");
}

std::string ZshCompletion(const CLI::App& app) {
  return absl::StrCat(
      "#compdef pacectl\n"
      "# Completes pacectl in zsh: source <(pacectl completion zsh)\n"
      "_pacectl() {\n"
      "  local current=${words[CURRENT]}\n"
      "  local before=(\"${words[@]:1:$((CURRENT - 2))}\")\n",
      Candidates(CompletionPlaces(app)),
      "  if [ -n \"$found\" ]; then compadd -- ${=found}; else _files; fi\n"
      "}\n"
      "compdef _pacectl pacectl\n");
}

std::string FishCompletion(const CLI::App& app) {
  const std::vector<CompletionPlace> places = CompletionPlaces(app);
  std::string text =
      "# Completes pacectl in fish: pacectl completion fish | source\n"
      "# Where the cursor is: the commands before it.\n"
      "function __pacectl_at\n"
      "  set -l place ''\n"
      "  set -l before (commandline -opc)\n"
      "  for word in $before[2..-1]\n"
      "    switch \"$place|$word\"\n";
  for (const CompletionPlace& place : places) {
    if (place.path.empty()) continue;
    std::vector<std::string> above = place.path;
    above.pop_back();
    absl::StrAppend(&text, "      case ",
                    FishQuoted(absl::StrCat(absl::StrJoin(above, " "), "|", place.path.back())),
                    "\n        set place ", FishQuoted(Path(place)), "\n");
  }
  absl::StrAppend(&text, "    end\n  end\n  test \"$place\" = \"$argv[1]\"\nend\n");
  for (const CompletionPlace& place : places) {
    const std::string begin = absl::StrCat(
        "complete -c pacectl -n ", Quoted(absl::StrCat("__pacectl_at \"", Path(place), "\"")));
    for (const Word& word : place.words) {
      absl::StrAppend(&text, begin, " -f -a ", FishQuoted(word.text), " -d ",
                      FishQuoted(word.meaning), "\n");
    }
    for (const Flag& flag : place.flags) {
      const bool is_long = flag.name.size() > 2;
      absl::StrAppend(&text, begin, is_long ? " -l " : " -s ", flag.name.substr(is_long ? 2 : 1),
                      flag.values.empty()
                          ? (flag.takes_value ? " -r" : "")
                          : absl::StrCat(" -x -a ", FishQuoted(absl::StrJoin(flag.values, " "))),
                      " -d ", FishQuoted(flag.meaning), "\n");
    }
  }
  return text;
}

}  // namespace paceline::cli
