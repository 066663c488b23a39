// The scheduler's part in a cut: its files are what the servers reported, the
// manifest that makes a folder of files a cut is written last, and cuts that are
// kept no more are removed.
//
// Thread-safe: functions without state.
#ifndef PACELINE_SCHEDULER_IO_CUT_FILES_H_
#define PACELINE_SCHEDULER_IO_CUT_FILES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/cut/held_cuts.h"
#include "common/cut/verified_file.h"
#include "common/fs.h"
#include "proto/node.pb.h"

namespace paceline::scheduler {

// Verifies every file of the manifest in `dir`, then writes manifest.json durably. The
// files of a replicated cut are verified by those who hold them, later.
// Returns the XXH3-128 of manifest.json.
// Errors:  as VerifiedFile and WriteManifest.
absl::StatusOr<std::string> CommitCut(const HeldCuts& cuts, const std::string& dir,
                                      const v1::CutManifest& manifest, const StopRequested& stop);

// Removes the folders of cuts with ids below `before`, but for those to keep. Goes on
// after an error and returns the first.
absl::Status RemoveCuts(FileSystem& fs, const std::string& checkpoint_dir, uint64_t before,
                        absl::Span<const uint64_t> keep);

// Removes all cuts of a job, and their folder if nothing else is in it; durably. A folder
// that is not there is no error.
absl::Status RemoveAllCuts(FileSystem& fs, const std::string& checkpoint_dir);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_CUT_FILES_H_
