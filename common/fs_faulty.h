// FileSystem that records what changes files, and fails where a test wants it to.
//
//   MemoryFileSystem disk;
//   FaultyFileSystem fs(&disk);
//   fs.Inject({.error = ENOSPC, .path_suffix = ".tmp", .written_bytes = 10});
//   ... code under test sees a full disk ...
//   fs.Heal();
//
//   fs.CrashAt(7);         // the eighth operation, and everything after it, fails
//   ... code under test ...
//   disk.ForgetUnsynced(seed);
//   ... code under test recovers on `disk` ...
//
// Operations that change files are counted from 0 in the order in which they begin;
// reading, listing and closing are none. Errors look like those of the disk
// (common/fs_posix.h).
//
// Thread-safe.
#ifndef PACELINE_COMMON_FS_FAULTY_H_
#define PACELINE_COMMON_FS_FAULTY_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/fs.h"
#include "common/sync.h"

namespace paceline {

// Which operations fail, and how.
struct FileFault {
  // ENOSPC, EIO, EROFS, ...
  int error = 0;
  // Numbers of operations.
  std::uint64_t first = 0;
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  // Of the path; a rename has its target's.
  std::string path_suffix;
  // Bytes that an append that fails has written before.
  std::uint64_t written_bytes = 0;
};

class FaultyFileSystem final : public FileSystem {
 public:
  enum class Operation { kOpen, kAppend, kSync, kRename, kSyncDir, kRemove, kCreateDirs };
  struct Step {
    Operation operation;
    // A rename's target.
    std::string path;
    bool operator==(const Step&) const = default;
  };

  // `base` outlives it.
  explicit FaultyFileSystem(FileSystem* base) : base_(base) {}

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

  // The first fault that matches an operation is taken.
  void Inject(FileFault fault);
  // Forgets the faults; not a crash.
  void Heal();

  // That operation and everything after it, reads too, fail with Unavailable. If it is
  // an append, it has written `written_bytes` before.
  void CrashAt(std::uint64_t operation, std::uint64_t written_bytes = 0);

  // What has been begun so far, failed or not, up to a crash.
  std::vector<Step> steps() const;

 private:
  class File;

  // Why an operation fails.
  struct Failure {
    absl::Status status;
    std::uint64_t written_bytes = 0;
  };

  // Records an operation; `doing` is the word of its error.
  Failure Begin(Operation operation, const char* doing, const std::string& path);
  absl::Status Crashed() const;
  absl::StatusOr<std::unique_ptr<WritableFile>> Wrap(
      const std::string& path, absl::StatusOr<std::unique_ptr<WritableFile>> file);

  FileSystem* const base_;
  mutable Mutex mu_;
  std::vector<Step> steps_ ABSL_GUARDED_BY(mu_);
  std::vector<FileFault> faults_ ABSL_GUARDED_BY(mu_);
  std::optional<std::uint64_t> crash_at_ ABSL_GUARDED_BY(mu_);
  std::uint64_t crash_written_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  bool crashed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_FS_FAULTY_H_
