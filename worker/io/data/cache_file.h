// Names for files that several processes may write at once.
#ifndef PACELINE_WORKER_IO_DATA_CACHE_FILE_H_
#define PACELINE_WORKER_IO_DATA_CACHE_FILE_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/fs.h"

namespace paceline::worker {

// `<dir>/<32 hex digits of the key's hash>.<suffix>`
std::string CacheFilePath(const std::string& dir, absl::string_view key, absl::string_view suffix);

// Creates or replaces `path` with what `write` writes, so that readers see all of
// it or nothing, also when several processes or threads of this host do the same:
// a file of a name of its own beside it, Sync, Rename. The folder is created. What
// a failed attempt has written is removed.
// Errors:  those of the file system and of `write`.
absl::Status WriteCacheFile(FileSystem* fs, const std::string& path,
                            absl::FunctionRef<absl::Status(WritableFile*)> write);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_CACHE_FILE_H_
