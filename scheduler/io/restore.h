// A new journal from a backup, with which a scheduler starts.
//
// Thread-compatible; no scheduler runs on the folder.
#ifndef PACELINE_SCHEDULER_IO_RESTORE_H_
#define PACELINE_SCHEDULER_IO_RESTORE_H_

#include <string>

#include "absl/status/status.h"
#include "common/fs.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

// Writes `dir`/scheduler.db; `dir` is created if absent. It must be empty but for
// the folders of cuts and record indexes (jobs, index), which are no part of a
// backup and stay. A crash leaves no journal or a whole one.
// Errors:  FailedPrecondition  something else is in `dir`; names it.
//          DataLoss            a state that no scheduler can start from.
//          Others              those of the disk.
absl::Status RestoreJournal(FileSystem& fs, const v1::StateSnapshot& state, const std::string& dir);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_RESTORE_H_
