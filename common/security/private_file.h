// Small files whose mode matters: keys that only their owner may read.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_SECURITY_PRIVATE_FILE_H_
#define PACELINE_COMMON_SECURITY_PRIVATE_FILE_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline {

inline constexpr size_t kMostPrivateFileBytes = size_t{1} << 20;

struct PrivateFile {
  std::string text;
  // Permission bits.
  mode_t mode = 0;
};

// Errors name the path: as errno; InvalidArgument  not a regular file, or larger than
//                                                  kMostPrivateFileBytes.
absl::StatusOr<PrivateFile> ReadPrivateFile(const std::string& path);

// Replaces the file so that whoever reads it meanwhile, and a crash, finds the old or the
// new one; it never exists with more permissions than `mode`.
// Errors name the path: as errno.
absl::Status WritePrivateFile(const std::string& path, absl::string_view text, mode_t mode);

// 0700, with the folders above; no error if it exists.
absl::Status MakePrivateDir(const std::string& dir);

}  // namespace paceline

#endif  // PACELINE_COMMON_SECURITY_PRIVATE_FILE_H_
