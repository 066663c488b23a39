#include "cli/local/daemon_binaries.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

absl::StatusOr<std::string> Find(FileSystem& fs, const std::string& self,
                                 const std::string& bin_dir, const std::string& role) {
  const std::string name = absl::StrCat("paceline-", role);
  std::vector<std::string> folders;
  if (bin_dir.empty()) {
    const std::string here = DirName(self);
    folders = {here, JoinPath(DirName(here), role)};
  } else {
    folders = {bin_dir};
  }
  for (const std::string& folder : folders) {
    std::string path = JoinPath(folder, name);
    if (fs.Exists(path)) {
      return path;
    }
  }
  return absl::NotFoundError(absl::StrCat(name, " is neither in ",
                                          absl::StrJoin(folders, " nor in "),
                                          "; name its folder with --bin-dir"));
}

}  // namespace

absl::StatusOr<DaemonBinaries> FindDaemonBinaries(FileSystem& fs, const std::string& self,
                                                  const std::string& bin_dir) {
  DaemonBinaries binaries;
  PL_ASSIGN_OR_RETURN(binaries.scheduler, Find(fs, self, bin_dir, "scheduler"));
  PL_ASSIGN_OR_RETURN(binaries.server, Find(fs, self, bin_dir, "server"));
  PL_ASSIGN_OR_RETURN(binaries.worker, Find(fs, self, bin_dir, "worker"));
  return binaries;
}

}  // namespace paceline::cli
