#include "common/fs_posix.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

absl::Status PathError(absl::string_view what, const std::string& path) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrCat(what, " ", path));
}

// Closes on destruction.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  absl::Status Append(absl::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return PathError("write", path_);
      }
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (fsync(fd_.get()) != 0) return PathError("fsync", path_);
    return absl::OkStatus();
  }

  absl::Status Close() override {
    if (close(fd_.Release()) != 0) return PathError("close", path_);
    return absl::OkStatus();
  }

 private:
  const std::string path_;
  Descriptor fd_;
};

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  absl::Status ReadAt(std::uint64_t offset, absl::Span<char> out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t got =
          pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return PathError("read", path_);
      }
      if (got == 0) {
        return absl::OutOfRangeError(absl::StrCat("read ", path_, ": ", out.size(), " bytes at ",
                                                  offset, " expected, got ", done));
      }
      done += static_cast<std::size_t>(got);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::uint64_t> Size() const override {
    struct stat info;
    if (fstat(fd_.get(), &info) != 0) return PathError("stat", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

  absl::StatusOr<std::int64_t> ModifiedNs() const override {
    struct stat info;
    if (fstat(fd_.get(), &info) != 0) return PathError("stat", path_);
    constexpr std::int64_t kNsPerSecond = 1'000'000'000;
    return info.st_mtim.tv_sec * kNsPerSecond + info.st_mtim.tv_nsec;
  }

 private:
  const std::string path_;
  const Descriptor fd_;
};

absl::StatusOr<std::unique_ptr<WritableFile>> OpenWritable(const std::string& path, int flags) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
  if (fd < 0) return PathError("open for writing", path);
  return std::make_unique<PosixWritableFile>(path, fd);
}

}  // namespace

absl::StatusOr<std::unique_ptr<WritableFile>> PosixFileSystem::OpenForWrite(
    const std::string& path) {
  return OpenWritable(path, O_TRUNC);
}

absl::StatusOr<std::unique_ptr<WritableFile>> PosixFileSystem::OpenForAppend(
    const std::string& path) {
  return OpenWritable(path, O_APPEND);
}

absl::StatusOr<std::unique_ptr<ReadableFile>> PosixFileSystem::OpenForRead(
    const std::string& path) {
  // Not blocking: a pipe without a writer would hold the open up for ever.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return PathError("open", path);
  auto file = std::make_unique<PosixReadableFile>(path, fd);
  // A folder opens, and fails only when read.
  struct stat info;
  if (fstat(fd, &info) != 0) return PathError("stat", path);
  if (S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    return PathError("open", path);
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file"));
  }
  return file;
}

absl::Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) {
    return PathError("rename", absl::StrCat(from, " to ", to));
  }
  return absl::OkStatus();
}

absl::Status PosixFileSystem::SyncDir(const std::string& dir) {
  const Descriptor fd(open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return PathError("open folder", dir);
  if (fsync(fd.get()) != 0) return PathError("fsync folder", dir);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::Remove(const std::string& path) {
  if (std::remove(path.c_str()) != 0) return PathError("remove", path);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> PosixFileSystem::List(const std::string& dir) {
  DIR* const stream = opendir(dir.c_str());
  if (stream == nullptr) return PathError("list", dir);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(stream)) {
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const absl::Status status = errno == 0 ? absl::OkStatus() : PathError("list", dir);
  closedir(stream);
  PL_RETURN_IF_ERROR(status);
  std::sort(names.begin(), names.end());
  return names;
}

bool PosixFileSystem::Exists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

absl::StatusOr<std::uint64_t> PosixFileSystem::Size(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return PathError("stat", path);
  return static_cast<std::uint64_t>(info.st_size);
}

absl::Status PosixFileSystem::CreateDirs(const std::string& dir) {
  if (dir.empty() || dir == "." || dir == "/") return absl::OkStatus();
  if (mkdir(dir.c_str(), 0777) == 0) return SyncDir(DirName(dir));
  if (errno == EEXIST) {
    struct stat info;
    if (stat(dir.c_str(), &info) != 0) return PathError("stat", dir);
    if (S_ISDIR(info.st_mode)) return absl::OkStatus();
    errno = ENOTDIR;
    return PathError("create folder", dir);
  }
  if (errno != ENOENT) return PathError("create folder", dir);
  const std::string parent = DirName(dir);
  PL_RETURN_IF_ERROR(CreateDirs(parent));
  // Somebody else may have made it meanwhile.
  if (mkdir(dir.c_str(), 0777) != 0 && errno != EEXIST) return PathError("create folder", dir);
  return SyncDir(parent);
}

}  // namespace paceline
