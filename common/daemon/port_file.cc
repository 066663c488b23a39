#include "common/daemon/port_file.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"

namespace paceline {

absl::Status WritePortFile(FileSystem& fs, const std::string& path, const BoundPorts& ports) {
  return WriteFileDurably(fs, path,
                          absl::StrCat("port ", ports.port, "\nhttp_port ", ports.http_port, "\n"));
}

absl::StatusOr<BoundPorts> ReadPortFile(FileSystem& fs, const std::string& path) {
  PL_ASSIGN_OR_RETURN(const std::string text, ReadFile(fs, path, /*limit_bytes=*/4096));
  BoundPorts ports;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> words =
        absl::StrSplit(line, absl::MaxSplits(' ', 1));
    int* const value = words.first == "port"        ? &ports.port
                       : words.first == "http_port" ? &ports.http_port
                                                    : nullptr;
    if (value == nullptr || !absl::SimpleAtoi(words.second, value)) {
      return absl::DataLossError(absl::StrCat(path, ": not a port file: \"", line, "\""));
    }
  }
  if (ports.port == 0) return absl::DataLossError(absl::StrCat(path, ": no port"));
  return ports;
}

absl::Status AnnouncePorts(FileSystem& fs, const std::string& role, const std::string& path,
                           const BoundPorts& ports) {
  if (!path.empty()) PL_RETURN_IF_ERROR(WritePortFile(fs, path, ports));
  std::printf("%s ready: port %d, http_port %d\n", role.c_str(), ports.port, ports.http_port);
  std::fflush(stdout);
  return absl::OkStatus();
}

}  // namespace paceline
