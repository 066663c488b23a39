// Files that their owner alone may read.
#ifndef PACELINE_CLI_CONTEXT_PRIVATE_FILE_H_
#define PACELINE_CLI_CONTEXT_PRIVATE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace paceline::cli {

// Replaces `path` by a file of mode 0600; a crash at any moment leaves the old or the new
// contents, and at no moment can others read the new ones.
// Errors: after errno, with the path. Thread-safe, for different paths.
absl::Status WritePrivateFile(const std::string& path, absl::string_view contents);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_CONTEXT_PRIVATE_FILE_H_
