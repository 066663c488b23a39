// FileSystem over POSIX calls. Only regular files are read: a pipe, a socket or a
// device is refused with InvalidArgument, not waited for.
//
// Thread-safe.
#ifndef PACELINE_COMMON_FS_POSIX_H_
#define PACELINE_COMMON_FS_POSIX_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/fs.h"
#include "common/posix_paths.h"

namespace paceline {

class PosixFileSystem final : public FileSystem {
 public:
  // Of all paths, or of those that `paths` leads to.
  PosixFileSystem();
  explicit PosixFileSystem(std::unique_ptr<PosixPaths> paths);

  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status SyncDir(const std::string& dir) override;
  absl::Status Remove(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& dir) override;
  bool Exists(const std::string& path) override;
  absl::StatusOr<std::uint64_t> Size(const std::string& path) override;
  absl::Status CreateDirs(const std::string& dir) override;

 private:
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenWritable(const std::string& path, int flags);

  const std::unique_ptr<PosixPaths> paths_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_FS_POSIX_H_
