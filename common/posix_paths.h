// How PosixFileSystem gets from a path to a file: as the system does, or within folders
// that it must not leave (common/confined_paths.h).
//
// Implementations are thread-safe.
#ifndef PACELINE_COMMON_POSIX_PATHS_H_
#define PACELINE_COMMON_POSIX_PATHS_H_

#include <unistd.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline {

// An open file descriptor, closed on destruction. Movable.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// A name in an open folder: for calls that take a name rather than a descriptor. `folder`
// is AT_FDCWD, which `held` does not own, where the name is a whole path.
struct NameInFolder {
  Descriptor held;
  int folder;
  std::string name;
};

class PosixPaths {
 public:
  virtual ~PosixPaths() = default;

  // As open(2) with O_CLOEXEC. `what` begins the message of an error.
  // Errors:  after errno; PermissionDenied  the path is outside of what may be used.
  virtual absl::StatusOr<Descriptor> Open(absl::string_view what, const std::string& path,
                                          int flags) const = 0;

  // Where the path's last name lies, to rename, remove or make it.
  virtual absl::StatusOr<NameInFolder> Find(absl::string_view what,
                                            const std::string& path) const = 0;
};

// Every path that the process may use.
class AllPaths final : public PosixPaths {
 public:
  absl::StatusOr<Descriptor> Open(absl::string_view what, const std::string& path,
                                  int flags) const override;
  absl::StatusOr<NameInFolder> Find(absl::string_view what, const std::string& path) const override;
};

// "what path: the system's reason", from errno.
absl::Status PathError(absl::string_view what, absl::string_view path);

// Mode of files that are created, less the umask.
inline constexpr int kFileMode = 0666;

}  // namespace paceline

#endif  // PACELINE_COMMON_POSIX_PATHS_H_
