#include "cli/process_environment.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <system_error>

#include "absl/strings/str_format.h"

namespace paceline::cli {

int TerminalColumns(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return 80;
  }
  return size.ws_col;
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
