// The scheduler's part in a cut: its files are what the servers reported, and the
// manifest that makes a folder of files a cut is written last.
//
// Thread-safe: functions without state.
#ifndef PACELINE_SCHEDULER_IO_CUT_FILES_H_
#define PACELINE_SCHEDULER_IO_CUT_FILES_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/fs.h"
#include "proto/node.pb.h"

namespace paceline::scheduler {

inline constexpr char kManifestName[] = "manifest.json";

// Asked between pieces of long work; true: give up with Cancelled.
using StopRequested = std::function<bool()>;

// Verifies size and XXH3-128 of every file of the manifest in `dir`, then writes
// manifest.json durably. Returns the XXH3-128 of manifest.json.
// Errors:  DataLoss         a file has another size or other bytes; names it.
//          InvalidArgument  a file name that leaves the folder.
//          NotFound         a file is not there; and all errors of the file system.
absl::StatusOr<std::string> CommitCut(FileSystem& fs, const std::string& dir,
                                      const v1::CutManifest& manifest, const StopRequested& stop);

// Reads the manifest of a committed cut.
// Errors:  DataLoss  its XXH3-128 is not `xxh3`, it is no manifest, or its format
//                    version is not known.
absl::StatusOr<v1::CutManifest> ReadManifest(FileSystem& fs, const std::string& dir,
                                             absl::string_view xxh3);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_CUT_FILES_H_
