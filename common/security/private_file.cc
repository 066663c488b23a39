#include "common/security/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

constexpr mode_t kPermissions = 07777;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status WriteAll(int fd, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::ErrnoToStatus(errno, "write");
    text.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) return absl::ErrnoToStatus(errno, "sync");
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

absl::StatusOr<PrivateFile> ReadPrivateFile(const std::string& path) {
  // A pipe that nobody writes to must not hold the caller up.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts = {};
  if (file.get() < 0 || fstat(file.get(), &facts) != 0) return absl::ErrnoToStatus(errno, path);
  if (!S_ISREG(facts.st_mode) || static_cast<size_t>(facts.st_size) > kMostPrivateFileBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": a file of at most ", kMostPrivateFileBytes, " bytes expected"));
  }
  PrivateFile read{.text = std::string(static_cast<size_t>(facts.st_size), '\0'),
                   .mode = facts.st_mode & kPermissions};
  size_t bytes = 0;
  while (bytes < read.text.size()) {
    const ssize_t more =
        pread(file.get(), &read.text[bytes], read.text.size() - bytes, static_cast<off_t>(bytes));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return absl::ErrnoToStatus(errno, path);
    if (more == 0) break;
    bytes += static_cast<size_t>(more);
  }
  read.text.resize(bytes);
  return read;
}

absl::Status WritePrivateFile(const std::string& path, absl::string_view text, mode_t mode) {
  const std::string temporary = absl::StrCat(path, ".new");
  unlink(temporary.c_str());
  absl::Status written;
  {
    const Descriptor file(
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (file.get() < 0) return absl::ErrnoToStatus(errno, temporary);
    written = WriteAll(file.get(), text);
  }
  if (written.ok() && rename(temporary.c_str(), path.c_str()) == 0) {
    const Descriptor folder(open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0 && fsync(folder.get()) == 0) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, FolderOf(path));
  }
  const absl::Status failed = written.ok() ? absl::ErrnoToStatus(errno, "rename") : written;
  unlink(temporary.c_str());
  return absl::Status(failed.code(), absl::StrCat(path, ": ", failed.message()));
}

absl::Status MakePrivateDir(const std::string& dir) {
  if (mkdir(dir.c_str(), 0700) == 0) return absl::OkStatus();
  if (errno == ENOENT && FolderOf(dir) != dir) {
    PL_RETURN_IF_ERROR(MakePrivateDir(FolderOf(dir)));
    if (mkdir(dir.c_str(), 0700) == 0) return absl::OkStatus();
  }
  struct stat facts = {};
  if (errno == EEXIST && stat(dir.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode)) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno == 0 ? ENOTDIR : errno, dir);
}

}  // namespace paceline
