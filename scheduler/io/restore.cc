#include "scheduler/io/restore.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "scheduler/core/state/cluster_state.h"
#include "scheduler/core/stored_cuts/cut_folder.h"
#include "scheduler/io/sqlite_journal.h"

namespace paceline::scheduler {
namespace {

constexpr char kJournal[] = "scheduler.db";
constexpr char kUnfinished[] = "scheduler.db.restoring";

// What a restore that was cut short left is no obstacle to the next one.
absl::Status RemoveUnfinished(FileSystem& fs, const std::string& dir) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    const std::string path = JoinPath(dir, absl::StrCat(kUnfinished, suffix));
    if (fs.Exists(path)) PL_RETURN_IF_ERROR(fs.Remove(path));
  }
  return absl::OkStatus();
}

absl::Status CheckEmpty(FileSystem& fs, const std::string& dir) {
  PL_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(dir));
  for (const std::string& name : names) {
    if (name == "jobs" || name == "cuts" || name == "index" || IsCutMark(name)) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        dir, " is not empty, it holds ", name, ": a restore does not write over what is there"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RestoreJournal(FileSystem& fs, const v1::StateSnapshot& state,
                            const std::string& dir) {
  PL_RETURN_IF_ERROR(ClusterState::FromSnapshot(state).status());
  PL_RETURN_IF_ERROR(fs.CreateDirs(dir));
  PL_RETURN_IF_ERROR(RemoveUnfinished(fs, dir));
  PL_RETURN_IF_ERROR(CheckEmpty(fs, dir));
  const std::string unfinished = JoinPath(dir, kUnfinished);
  absl::Status written = absl::OkStatus();
  {
    PL_ASSIGN_OR_RETURN(const auto journal, SqliteJournal::Open(unfinished));
    written = journal->Compact(state);
    // Closing it folds the write-ahead log into the file.
  }
  if (written.ok()) written = fs.Rename(unfinished, JoinPath(dir, kJournal));
  if (!written.ok()) {
    RemoveUnfinished(fs, dir).IgnoreError();
    return written;
  }
  return fs.SyncDir(dir);
}

}  // namespace paceline::scheduler
