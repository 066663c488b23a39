#include "common/posix_paths.h"

#include <fcntl.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace paceline {

absl::Status PathError(absl::string_view what, absl::string_view path) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrCat(what, " ", path));
}

absl::StatusOr<Descriptor> AllPaths::Open(absl::string_view what, const std::string& path,
                                          int flags) const {
  const int fd = open(path.c_str(), flags | O_CLOEXEC, kFileMode);
  if (fd < 0) return PathError(what, path);
  return Descriptor(fd);
}

absl::StatusOr<NameInFolder> AllPaths::Find(absl::string_view /*what*/,
                                            const std::string& path) const {
  return NameInFolder{.held = Descriptor(-1), .folder = AT_FDCWD, .name = path};
}

}  // namespace paceline
