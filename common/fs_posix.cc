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

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(std::string path, Descriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

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
  PosixReadableFile(std::string path, Descriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

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

absl::StatusOr<struct stat> StatOf(const Descriptor& fd, const std::string& path) {
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return PathError("stat", path);
  return info;
}

}  // namespace

PosixFileSystem::PosixFileSystem() : PosixFileSystem(std::make_unique<AllPaths>()) {}

PosixFileSystem::PosixFileSystem(std::unique_ptr<PosixPaths> paths) : paths_(std::move(paths)) {}

absl::StatusOr<std::unique_ptr<WritableFile>> PosixFileSystem::OpenWritable(const std::string& path,
                                                                            int flags) {
  PL_ASSIGN_OR_RETURN(Descriptor fd,
                      paths_->Open("open for writing", path, O_WRONLY | O_CREAT | flags));
  return std::make_unique<PosixWritableFile>(path, std::move(fd));
}

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
  PL_ASSIGN_OR_RETURN(Descriptor fd, paths_->Open("open", path, O_RDONLY | O_NONBLOCK));
  // A folder opens, and fails only when read.
  PL_ASSIGN_OR_RETURN(const struct stat info, StatOf(fd, path));
  if (S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    return PathError("open", path);
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file"));
  }
  return std::make_unique<PosixReadableFile>(path, std::move(fd));
}

absl::Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  PL_ASSIGN_OR_RETURN(const NameInFolder source, paths_->Find("rename", from));
  PL_ASSIGN_OR_RETURN(const NameInFolder target, paths_->Find("rename to", to));
  if (renameat(source.folder, source.name.c_str(), target.folder, target.name.c_str()) != 0) {
    return PathError("rename", absl::StrCat(from, " to ", to));
  }
  return absl::OkStatus();
}

absl::Status PosixFileSystem::SyncDir(const std::string& dir) {
  PL_ASSIGN_OR_RETURN(const Descriptor fd,
                      paths_->Open("open folder", dir, O_RDONLY | O_DIRECTORY));
  if (fsync(fd.get()) != 0) return PathError("fsync folder", dir);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::Remove(const std::string& path) {
  PL_ASSIGN_OR_RETURN(const NameInFolder place, paths_->Find("remove", path));
  if (unlinkat(place.folder, place.name.c_str(), 0) == 0) return absl::OkStatus();
  if (errno == EISDIR && unlinkat(place.folder, place.name.c_str(), AT_REMOVEDIR) == 0) {
    return absl::OkStatus();
  }
  return PathError("remove", path);
}

absl::StatusOr<std::vector<std::string>> PosixFileSystem::List(const std::string& dir) {
  PL_ASSIGN_OR_RETURN(Descriptor fd, paths_->Open("list", dir, O_RDONLY | O_DIRECTORY));
  DIR* const stream = fdopendir(fd.get());
  if (stream == nullptr) return PathError("list", dir);
  (void)fd.Release();  // the stream's now
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
  return paths_->Open("stat", path, O_PATH).ok();
}

absl::StatusOr<std::uint64_t> PosixFileSystem::Size(const std::string& path) {
  PL_ASSIGN_OR_RETURN(const Descriptor fd, paths_->Open("stat", path, O_PATH));
  PL_ASSIGN_OR_RETURN(const struct stat info, StatOf(fd, path));
  return static_cast<std::uint64_t>(info.st_size);
}

absl::Status PosixFileSystem::CreateDirs(const std::string& dir) {
  if (dir.empty() || dir == "." || dir == "/") return absl::OkStatus();
  const absl::StatusOr<Descriptor> there = paths_->Open("stat", dir, O_PATH);
  if (there.ok()) {
    PL_ASSIGN_OR_RETURN(const struct stat info, StatOf(*there, dir));
    if (S_ISDIR(info.st_mode)) return absl::OkStatus();
    errno = ENOTDIR;
    return PathError("create folder", dir);
  }
  if (!absl::IsNotFound(there.status())) return there.status();
  const std::string parent = DirName(dir);
  PL_RETURN_IF_ERROR(CreateDirs(parent));
  PL_ASSIGN_OR_RETURN(const NameInFolder place, paths_->Find("create folder", dir));
  if (mkdirat(place.folder, place.name.c_str(), 0777) != 0) {
    if (errno != EEXIST) return PathError("create folder", dir);
    // Somebody else has made it meanwhile, or something that is no folder.
    PL_RETURN_IF_ERROR(paths_->Open("create folder", dir, O_PATH | O_DIRECTORY).status());
  }
  return SyncDir(parent);
}

}  // namespace paceline
