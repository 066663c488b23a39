// Where the daemons' programs are.
#ifndef PACELINE_CLI_LOCAL_DAEMON_BINARIES_H_
#define PACELINE_CLI_LOCAL_DAEMON_BINARIES_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/fs.h"

namespace paceline::cli {

struct DaemonBinaries {
  std::string scheduler;
  std::string server;
  std::string worker;
};

// In `bin_dir`; if that is empty, beside `self`, and then where Bazel puts them:
// ../scheduler, ../server and ../worker from the folder of `self`.
// Errors: NotFound  names the first program that is missing and where it was sought.
absl::StatusOr<DaemonBinaries> FindDaemonBinaries(FileSystem& fs, const std::string& self,
                                                  const std::string& bin_dir);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOCAL_DAEMON_BINARIES_H_
