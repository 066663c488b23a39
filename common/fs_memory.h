// FileSystem in memory that can lose what was not synced, as a machine does that
// loses power.
//
//   MemoryFileSystem fs;
//   ... code under test writes ...
//   fs.ForgetUnsynced();   // the crash
//   ... code under test recovers ...
//
// Keeps the strict reading of POSIX: a file's bytes come back only as of its
// last Sync, and a created, renamed or removed name only if its folder was
// synced after. A real disk may have kept more, in any combination: see
// ForgetUnsynced(seed). Folders made by CreateDirs are durable at once. Only files
// can be renamed. Files opened before the crash must not be used after it.
//
// Paths are compared as text: one spelling per file; a trailing slash is ignored.
//
// Thread-safe.
#ifndef PACELINE_COMMON_FS_MEMORY_H_
#define PACELINE_COMMON_FS_MEMORY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/fs.h"
#include "common/sync.h"

namespace paceline {

class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem();

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

  // Goes back to what is durable.
  void ForgetUnsynced();
  // The same, but what was not synced may have survived, as the seed decides: of a
  // file's bytes any part of what was appended, of one that was emptied the old bytes
  // or a part of the new; each change of a name for itself, a rename whole.
  void ForgetUnsynced(std::uint64_t seed);

  struct Inode {
    mutable Mutex mu;
    std::string bytes ABSL_GUARDED_BY(mu);
    std::string synced ABSL_GUARDED_BY(mu);
    std::int64_t changes ABSL_GUARDED_BY(mu) = 0;
  };

 private:
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  // A name that went, came, or both. Empty: none.
  struct NameChange {
    std::string gone;
    std::string come;
    std::shared_ptr<Inode> inode;
  };

  absl::StatusOr<std::shared_ptr<Inode>> Create(const std::string& path);
  absl::StatusOr<std::shared_ptr<Inode>> Find(const std::string& path);

  Mutex mu_;
  Names live_ ABSL_GUARDED_BY(mu_);
  Names durable_ ABSL_GUARDED_BY(mu_);
  // From durable_ to live_, in order.
  std::vector<NameChange> unsynced_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> dirs_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline

#endif  // PACELINE_COMMON_FS_MEMORY_H_
