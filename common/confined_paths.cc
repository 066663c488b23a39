#include "common/confined_paths.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/fs.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

// The kernel gives up, and says so, when folders are moved while it walks.
constexpr int kMostTries = 64;

int OpenBeneath(int folder, const std::string& below, int flags) {
  open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? kFileMode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  for (int i = 0; i < kMostTries; ++i) {
    fd = syscall(SYS_openat2, folder, below.c_str(), &how, sizeof(how));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return static_cast<int>(fd);
}

absl::StatusOr<std::string> Normal(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return absl::UnavailableError(absl::StrCat(path, ": ", error.message()));
  std::string normal = absolute.lexically_normal().string();
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

// What is left of `path` below `root`; nothing if it is not there.
bool ConsumeRoot(const std::string& root, absl::string_view path, std::string* below) {
  if (path == root) {
    *below = ".";
    return true;
  }
  const std::string prefix = root == "/" ? root : absl::StrCat(root, "/");
  if (!absl::StartsWith(path, prefix)) return false;
  *below = std::string(path.substr(prefix.size()));
  return true;
}

bool Changes(int flags) { return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0; }

absl::Status LeadsOut(absl::string_view what, const std::string& path, const RootFolder& root) {
  return absl::PermissionDeniedError(
      absl::StrCat(what, " ", path, ": leads out of ", root.dir, ", beyond which no job may go"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ConfinedPaths>> ConfinedPaths::Create(
    std::vector<RootFolder> roots) {
  if (roots.empty()) return absl::InvalidArgumentError("at least one folder expected, got none");
  for (RootFolder& root : roots) {
    if (root.dir.empty()) return absl::InvalidArgumentError("a folder expected, got an empty name");
    PL_ASSIGN_OR_RETURN(root.dir, Normal(root.dir));
    if (root.writable) {
      std::error_code error;
      std::filesystem::create_directories(root.dir, error);
      if (error) return absl::UnavailableError(absl::StrCat(root.dir, ": ", error.message()));
    }
  }
  const Descriptor probe(OpenBeneath(AT_FDCWD, ".", O_PATH | O_DIRECTORY));
  if (probe.get() < 0 && errno == ENOSYS) {
    return absl::FailedPreconditionError(
        "to keep jobs within folders takes Linux 5.6 or newer (openat2)");
  }
  return std::unique_ptr<ConfinedPaths>(new ConfinedPaths(std::move(roots)));
}

absl::StatusOr<ConfinedPaths::Place> ConfinedPaths::PlaceOf(absl::string_view what,
                                                            const std::string& path,
                                                            bool to_change) const {
  PL_ASSIGN_OR_RETURN(const std::string normal, Normal(path));
  Place place = {.root = nullptr, .below = ""};
  for (const RootFolder& root : roots_) {
    std::string below;
    if (!ConsumeRoot(root.dir, normal, &below)) continue;
    if (place.root == nullptr || below.size() < place.below.size()) place = {&root, below};
  }
  if (place.root == nullptr) {
    return absl::PermissionDeniedError(
        absl::StrCat(what, " ", path, ": outside of the folders that jobs may use here: ",
                     absl::StrJoin(roots_, ", ", [](std::string* out, const RootFolder& root) {
                       absl::StrAppend(out, root.dir, root.writable ? "" : " (to read)");
                     })));
  }
  if (to_change && !place.root->writable) {
    return absl::PermissionDeniedError(
        absl::StrCat(what, " ", path, ": jobs may only read below ", place.root->dir));
  }
  return place;
}

absl::StatusOr<Descriptor> ConfinedPaths::Open(absl::string_view what, const std::string& path,
                                               int flags) const {
  PL_ASSIGN_OR_RETURN(const Place place, PlaceOf(what, path, Changes(flags)));
  const Descriptor root(open(place.root->dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root.get() < 0) return PathError(what, path);
  Descriptor file(OpenBeneath(root.get(), place.below, flags));
  if (file.get() >= 0) return file;
  return errno == EXDEV ? LeadsOut(what, path, *place.root) : PathError(what, path);
}

absl::StatusOr<NameInFolder> ConfinedPaths::Find(absl::string_view what,
                                                 const std::string& path) const {
  PL_ASSIGN_OR_RETURN(const Place place, PlaceOf(what, path, /*to_change=*/true));
  if (place.below == ".") {
    return absl::PermissionDeniedError(
        absl::StrCat(what, " ", path, ": the folder itself stays as it is"));
  }
  const std::size_t slash = place.below.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : place.below.substr(0, slash);
  const Descriptor root(open(place.root->dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root.get() < 0) return PathError(what, path);
  Descriptor folder(OpenBeneath(root.get(), parent, O_PATH | O_DIRECTORY));
  if (folder.get() < 0) {
    return errno == EXDEV ? LeadsOut(what, path, *place.root) : PathError(what, path);
  }
  const int fd = folder.get();
  return NameInFolder{
      .held = std::move(folder),
      .folder = fd,
      .name = slash == std::string::npos ? place.below : place.below.substr(slash + 1)};
}

}  // namespace paceline
