#include "cli/process_environment.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace paceline::cli {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string FirstOf(const std::string& value, const std::string& otherwise) {
  return value.empty() ? otherwise : value;
}

}  // namespace

Environment ProcessEnvironment(Clock& clock, FileSystem& fs, Interrupt& interrupt) {
  const bool dumb = Variable("TERM") == "dumb";
  const std::string charset =
      absl::AsciiStrToUpper(FirstOf(Variable("LC_ALL"), FirstOf(Variable("LANG"), "UTF-8")));
  return {.out = std::cout,
          .err = std::cerr,
          .clock = clock,
          .fs = fs,
          .interrupt = interrupt,
          .out_is_terminal = isatty(STDOUT_FILENO) != 0 && !dumb,
          .err_is_terminal = isatty(STDERR_FILENO) != 0 && !dumb,
          .terminal_size = [] { return SizeOfTerminal(STDERR_FILENO); },
          .color = Variable("NO_COLOR").empty(),
          .utf8 = absl::StrContains(charset, "UTF-8") || absl::StrContains(charset, "UTF8"),
          .address_variable = Variable("PACELINE_ADDRESS"),
          .tls_dir_variable = Variable("PACELINE_TLS_DIR"),
          .config_file = ConfigFile(Variable),
          .self = SelfPath(),
          .temp_dir = FirstOf(Variable("TMPDIR"), "/tmp"),
          .random_id = RandomId};
}

std::string ConfigFile(const std::function<std::string(const char*)>& variable) {
  if (const std::string file = variable("PACELINE_CONFIG"); !file.empty()) {
    // Relative paths in the file are meant from its folder, whoever asks from where.
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(file, error);
    return error ? file : absolute.lexically_normal().string();
  }
  if (const std::string xdg = variable("XDG_CONFIG_HOME"); !xdg.empty() && xdg.front() == '/') {
    return JoinPath(xdg, "paceline/config.yaml");
  }
  const std::string home = variable("HOME");
  return home.empty() ? "" : JoinPath(home, ".config/paceline/config.yaml");
}

TerminalSize SizeOfTerminal(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {.columns = size.ws_col, .rows = size.ws_row};
}

std::string SelfPath() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

std::string RandomId() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 4; ++i) {
    absl::StrAppendFormat(&id, "%08x", device());
  }
  return id;
}

}  // namespace paceline::cli
