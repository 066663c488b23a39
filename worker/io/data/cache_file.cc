#include "worker/io/data/cache_file.h"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/hash.h"
#include "common/status/status_macros.h"

namespace paceline::worker {

namespace {

absl::Status WriteAndSync(FileSystem* fs, const std::string& path,
                          absl::FunctionRef<absl::Status(WritableFile*)> write) {
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, fs->OpenForWrite(path));
  PL_RETURN_IF_ERROR(write(file.get()));
  PL_RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

}  // namespace

std::string CacheFilePath(const std::string& dir, absl::string_view key, absl::string_view suffix) {
  return JoinPath(dir, absl::StrCat(absl::Hex(HashBytes(key, 0), absl::kZeroPad16),
                                    absl::Hex(HashBytes(key, 1), absl::kZeroPad16), ".", suffix));
}

absl::Status WriteCacheFile(FileSystem* fs, const std::string& path,
                            absl::FunctionRef<absl::Status(WritableFile*)> write) {
  static std::atomic<uint64_t> counter{0};
  const std::string temporary =
      absl::StrCat(path, ".", getpid(), "-", counter.fetch_add(1), ".tmp");
  PL_RETURN_IF_ERROR(fs->CreateDirs(DirName(path)));
  absl::Status status = WriteAndSync(fs, temporary, write);
  if (status.ok()) status = fs->Rename(temporary, path);
  if (!status.ok()) fs->Remove(temporary).IgnoreError();
  return status;
}

}  // namespace paceline::worker
