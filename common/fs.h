// The file system as a dependency: PosixFileSystem (common/fs_posix.h) on disk,
// MemoryFileSystem (common/fs_memory.h) in tests.
//
// Durability, as on POSIX: bytes are durable after Sync of their file; that a
// name exists, changed or went is durable after SyncDir of its folder. Rename
// replaces its target atomically. WriteFileDurably below does it in that order.
//
// Every error names the path and the system's reason: NotFound, AlreadyExists,
// PermissionDenied, ResourceExhausted (disk full), and so on after errno.
//
// FileSystem is thread-safe; a WritableFile has one owner at a time.
#ifndef PACELINE_COMMON_FS_H_
#define PACELINE_COMMON_FS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace paceline {

class WritableFile {
 public:
  // Closes without a Sync if Close was not called; errors are lost then.
  virtual ~WritableFile() = default;

  // Writes all of `bytes` at the end, or fails and leaves an unknown part.
  virtual absl::Status Append(absl::string_view bytes) = 0;
  virtual absl::Status Sync() = 0;
  // To be called once; nothing may follow.
  virtual absl::Status Close() = 0;
};

// Thread-safe.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;

  // Fills `out` from `offset`.
  // Errors: OutOfRange  the file ends before.
  virtual absl::Status ReadAt(std::uint64_t offset, absl::Span<char> out) const = 0;
  // Size when asked.
  virtual absl::StatusOr<std::uint64_t> Size() const = 0;
  // Time of the last change of its bytes when asked, in ns since 1970 (in memory:
  // a counter of changes). Tells a changed file from the one that was indexed.
  virtual absl::StatusOr<std::int64_t> ModifiedNs() const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Creates the file, or empties it.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path) = 0;
  // Creates the file if absent; writes go to its end.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) = 0;
  virtual absl::StatusOr<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) = 0;

  // Moves a file, replacing `to` if it exists.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status SyncDir(const std::string& dir) = 0;
  // Removes a file or an empty folder.
  virtual absl::Status Remove(const std::string& path) = 0;
  // Names (not paths) of the files and folders in `dir`, sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& dir) = 0;
  // False also when the answer cannot be had.
  virtual bool Exists(const std::string& path) = 0;
  virtual absl::StatusOr<std::uint64_t> Size(const std::string& path) = 0;
  // Creates `dir` and the folders above it; no error if they exist. Durable on return.
  virtual absl::Status CreateDirs(const std::string& dir) = 0;
};

// Reads a whole file.
// Errors: ResourceExhausted  the file is larger than `limit_bytes`.
absl::StatusOr<std::string> ReadFile(FileSystem& fs, const std::string& path,
                                     std::uint64_t limit_bytes = std::uint64_t{1} << 30);

// Replaces `path` so that a crash at any moment leaves the old or the new
// contents: temporary file beside it, Sync, Rename, SyncDir.
absl::Status WriteFileDurably(FileSystem& fs, const std::string& path, absl::string_view contents);

// "a" + "b" -> "a/b"; an absolute `name` stands alone.
std::string JoinPath(absl::string_view dir, absl::string_view name);
// "a/b" -> "a", "/a" -> "/", "a" -> ".".
std::string DirName(absl::string_view path);

}  // namespace paceline

#endif  // PACELINE_COMMON_FS_H_
