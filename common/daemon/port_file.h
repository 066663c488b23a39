// How a daemon tells which ports it has bound: to people and scripts on stdout,
// to programs in a file that appears whole or not at all.
//
//   port 7071
//   http_port 8071
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_DAEMON_PORT_FILE_H_
#define PACELINE_COMMON_DAEMON_PORT_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/fs.h"

namespace paceline {

struct BoundPorts {
  int port = 0;
  // 0: no HTTP.
  int http_port = 0;
  bool operator==(const BoundPorts&) const = default;
};

absl::Status WritePortFile(FileSystem& fs, const std::string& path, const BoundPorts& ports);

// Errors: NotFound  not written yet.  DataLoss  not such a file.
absl::StatusOr<BoundPorts> ReadPortFile(FileSystem& fs, const std::string& path);

// Writes the file, unless `path` is empty, then one line to stdout:
// "<role> ready: port 7071, http_port 8071".
absl::Status AnnouncePorts(FileSystem& fs, const std::string& role, const std::string& path,
                           const BoundPorts& ports);

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_PORT_FILE_H_
