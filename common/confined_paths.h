// Keeps a process within folders: what a job names can be no other file of the host.
//
//   PL_ASSIGN_OR_RETURN(auto paths, ConfinedPaths::Create({
//       {.dir = "/var/lib/paceline/worker", .writable = true},
//       {.dir = "/data"}}));
//   PosixFileSystem fs(std::move(paths));
//
// A path is resolved by openat2(2) with RESOLVE_BENEATH from the folder that it begins
// with: neither ".." nor a symbolic link, at whatever time it is made, leads out of it.
// Symbolic links that stay inside are followed; the folders themselves may be links.
//
// Linux 5.6 or newer. Immutable.
#ifndef PACELINE_COMMON_CONFINED_PATHS_H_
#define PACELINE_COMMON_CONFINED_PATHS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/posix_paths.h"

namespace paceline {

// A folder that may be used, with all that lies below it.
struct RootFolder {
  std::string dir;
  // Files in it may be made, changed and removed.
  bool writable = false;
};

class ConfinedPaths final : public PosixPaths {
 public:
  // Makes writable folders that are absent. Relative ones begin where the process is now.
  // Errors:  InvalidArgument      no folders, or one without a name.
  //          FailedPrecondition   the kernel has no openat2.
  //          those of making a folder.
  static absl::StatusOr<std::unique_ptr<ConfinedPaths>> Create(std::vector<RootFolder> roots);

  // Errors:  PermissionDenied  the path begins with none of the folders, leads out of one,
  //                            or is to be changed in one that is not writable; names all.
  //          else after errno.
  absl::StatusOr<Descriptor> Open(absl::string_view what, const std::string& path,
                                  int flags) const override;
  absl::StatusOr<NameInFolder> Find(absl::string_view what, const std::string& path) const override;

 private:
  // Where a path lies: its root, and the rest, "." for the root itself.
  struct Place {
    const RootFolder* root;
    std::string below;
  };

  explicit ConfinedPaths(std::vector<RootFolder> roots) : roots_(std::move(roots)) {}

  // The innermost of the roots that the path begins with.
  absl::StatusOr<Place> PlaceOf(absl::string_view what, const std::string& path,
                                bool to_change) const;

  const std::vector<RootFolder> roots_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_CONFINED_PATHS_H_
