// Clusters that a user speaks to, by name: ~/.config/paceline/config.yaml.
//
//   current: lab
//   contexts:
//     lab: {address: "10.0.0.1:7070", tls_dir: /home/me/pki/user-me}
//     laptop: {address: "127.0.0.1:7070"}
//
// The file is written by `pacectl context`, readable by its owner alone, and may be edited by
// hand; a relative tls_dir is meant from the file's folder. Limits: kMaxContextFileBytes.
#ifndef PACELINE_CLI_CONTEXT_CONTEXT_FILE_H_
#define PACELINE_CLI_CONTEXT_CONTEXT_FILE_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/fs.h"

namespace paceline::cli {

inline constexpr uint64_t kMaxContextFileBytes = 1 << 20;

struct Context {
  // host:port of the scheduler.
  std::string address;
  // Folder with ca.crt, tls.crt and tls.key; empty: connections are in the clear.
  std::string tls_dir;
  bool operator==(const Context&) const = default;
};

// Thread-compatible.
struct ContextFile {
  // A name in `contexts`, or empty.
  std::string current;
  std::map<std::string, Context> contexts;
  bool operator==(const ContextFile&) const = default;
};

// 1 to 63 letters, digits, '.', '_' and '-', of which the first is a letter or a digit.
// Errors: InvalidArgument  names it.
absl::Status CheckContextName(absl::string_view name);

// `path` is said in errors, and its folder is where relative paths are meant from.
// Errors: InvalidArgument  what is wrong, with its line; an unknown key with the nearest.
absl::StatusOr<ContextFile> ParseContextFile(absl::string_view text, const std::string& path);

std::string ContextFileText(const ContextFile& file);

// A file that does not exist has no contexts.
// Errors: InvalidArgument  as ParseContextFile, or the file cannot be read.
absl::StatusOr<ContextFile> LoadContextFile(FileSystem& fs, const std::string& path);

// Replaces the file, durably; creates its folder.
absl::Status SaveContextFile(FileSystem& fs, const std::string& path, const ContextFile& file);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_CONTEXT_CONTEXT_FILE_H_
