// Brings a user's library into this process: a task's, never the daemon's.
#ifndef PACELINE_WORKER_IO_LIBRARY_LOAD_LIBRARY_H_
#define PACELINE_WORKER_IO_LIBRARY_LOAD_LIBRARY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "worker/api/paceline_model_abi.h"

namespace paceline::worker {

// Never unloaded.
struct LoadedLibrary {
  const PacelineModel* api = nullptr;
  // Of the file's bytes (common/hash.h).
  uint64_t hash = 0;
};

// Loads `file` of the folder `model_dir`; no other file, whatever name or symbolic link leads
// there. Its symbols stay its own.
// Errors:  FailedPrecondition  there is no model_dir; the system's loader refuses the file; it
//                              has no entry point, or one of another version of the interface.
//          InvalidArgument     the name is not that of a file in a folder, or it is no file.
//          PermissionDenied    a symbolic link leads out of the folder.
//          ResourceExhausted   the file has more than 1 GiB.
//          NotFound            and others after errno.
absl::StatusOr<LoadedLibrary> LoadLibrary(const std::string& model_dir, const std::string& file);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_LIBRARY_LOAD_LIBRARY_H_
