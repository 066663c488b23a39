// Which files jobs may name: --data-root and --checkpoint-root.
//
//   PathFlags paths;
//   AddPathFlags(&app, &paths);
//   ...
//   PL_ASSIGN_OR_RETURN(std::unique_ptr<FileSystem> fs, OpenFiles(paths, {flags.data_dir}));
//
// Where none is given jobs may name any file that the daemon's user may use.
#ifndef PACELINE_COMMON_DAEMON_PATH_FLAGS_H_
#define PACELINE_COMMON_DAEMON_PATH_FLAGS_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fs.h"

namespace paceline {

struct PathFlags {
  // Read only; and written too.
  std::vector<std::string> data_roots;
  std::vector<std::string> checkpoint_roots;
  // Whether there is anything that jobs may not name.
  bool Confines() const { return !data_roots.empty() || !checkpoint_roots.empty(); }
};

void AddPathFlags(CLI::App* app, PathFlags* flags);

// The file system of a daemon or task; `own_dirs` are its own folders, made if absent.
// Empty names are skipped.
// Errors:  as ConfinedPaths::Create.
absl::StatusOr<std::unique_ptr<FileSystem>> OpenFiles(const PathFlags& flags,
                                                      const std::vector<std::string>& own_dirs);

// The flags again, for a process that is started with the same.
std::vector<std::string> PathArguments(const PathFlags& flags);

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_PATH_FLAGS_H_
