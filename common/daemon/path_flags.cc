#include "common/daemon/path_flags.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/confined_paths.h"
#include "common/fs_posix.h"
#include "common/status/status_macros.h"

namespace paceline {

void AddPathFlags(CLI::App* app, PathFlags* flags) {
  app->add_option("--data-root", flags->data_roots,
                  "folder below which jobs may read data and weights; may be repeated. With it or "
                  "--checkpoint-root jobs reach no other files; / is all");
  app->add_option("--checkpoint-root", flags->checkpoint_roots,
                  "folder below which jobs may keep cuts and curves; may be repeated");
}

absl::StatusOr<std::unique_ptr<FileSystem>> OpenFiles(const PathFlags& flags,
                                                      const std::vector<std::string>& own_dirs) {
  if (!flags.Confines()) return std::make_unique<PosixFileSystem>();
  std::vector<RootFolder> roots;
  for (const std::string& dir : own_dirs) {
    if (!dir.empty()) roots.push_back({.dir = dir, .writable = true});
  }
  for (const std::string& dir : flags.checkpoint_roots) {
    roots.push_back({.dir = dir, .writable = true});
  }
  for (const std::string& dir : flags.data_roots) roots.push_back({.dir = dir, .writable = false});
  PL_ASSIGN_OR_RETURN(auto paths, ConfinedPaths::Create(std::move(roots)));
  return std::make_unique<PosixFileSystem>(std::move(paths));
}

std::vector<std::string> PathArguments(const PathFlags& flags) {
  std::vector<std::string> arguments;
  for (const std::string& dir : flags.data_roots) {
    arguments.push_back(absl::StrCat("--data-root=", dir));
  }
  for (const std::string& dir : flags.checkpoint_roots) {
    arguments.push_back(absl::StrCat("--checkpoint-root=", dir));
  }
  return arguments;
}

}  // namespace paceline
