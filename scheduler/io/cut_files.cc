#include "scheduler/io/cut_files.h"

#include <limits>
#include <memory>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "common/cut/manifest.h"
#include "common/failpoint/failpoint.h"
#include "common/status/status_macros.h"

namespace paceline::scheduler {
namespace {

// "00000012" -> 12; 0: not the name of a cut's folder.
uint64_t CutIdOf(absl::string_view name) {
  uint64_t id = 0;
  return name.size() >= 8 && absl::SimpleAtoi(name, &id) ? id : 0;
}

}  // namespace

absl::StatusOr<std::string> CommitCut(const HeldCuts& cuts, const std::string& dir,
                                      const v1::CutManifest& manifest, const StopRequested& stop) {
  FileSystem& fs = *cuts.options().fs;
  const std::string path = cuts.PathOf(dir);
  PL_RETURN_IF_ERROR(Failpoint("scheduler.cut.verify"));
  if (IsHeld(dir)) {
    PL_RETURN_IF_ERROR(fs.CreateDirs(path));
  } else {
    const SharedCutFolder folder(&fs, path);
    for (const v1::CutFile& file : manifest.files()) {
      PL_ASSIGN_OR_RETURN(const std::unique_ptr<VerifiedFile> verified,
                          VerifiedFile::Open(folder, file));
      PL_RETURN_IF_ERROR(verified->VerifyAll(stop));
    }
  }
  PL_RETURN_IF_ERROR(Failpoint("scheduler.cut.manifest"));
  PL_ASSIGN_OR_RETURN(std::string xxh3, WriteManifest(fs, path, manifest));
  PL_RETURN_IF_ERROR(Failpoint("scheduler.cut.manifest.after"));
  return xxh3;
}

absl::Status RemoveCuts(FileSystem& fs, const std::string& checkpoint_dir, uint64_t before,
                        absl::Span<const uint64_t> keep) {
  PL_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(checkpoint_dir));
  absl::Status first;
  for (const std::string& name : names) {
    const uint64_t id = CutIdOf(name);
    if (id == 0 || id >= before || absl::c_linear_search(keep, id)) continue;
    first.Update(RemoveCut(fs, JoinPath(checkpoint_dir, name)));
  }
  return first;
}

absl::Status RemoveAllCuts(FileSystem& fs, const std::string& checkpoint_dir) {
  // A job that never took a cut has none.
  if (!fs.Exists(checkpoint_dir)) return absl::OkStatus();
  PL_RETURN_IF_ERROR(RemoveCuts(fs, checkpoint_dir, std::numeric_limits<uint64_t>::max(), {}));
  PL_RETURN_IF_ERROR(fs.SyncDir(checkpoint_dir));
  // What somebody else has put there stays.
  if (!fs.Remove(checkpoint_dir).ok()) return absl::OkStatus();
  return fs.SyncDir(DirName(checkpoint_dir));
}

}  // namespace paceline::scheduler
