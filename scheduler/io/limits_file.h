// The file of --limits: what each user may have (scheduler/core/state/limit_table.h).
//
//   defaults:
//     max_active_jobs: 20
//     max_workers: 8
//     max_server_memory: 64GiB      # KiB, MiB, GiB, TiB, or plain bytes
//   users:
//     alice: {max_workers: 32}      # the rest as in defaults; 0: no limit
//
// It is read again within kLookEvery of a change. One that cannot be read, or says something
// wrong, changes nothing.
//
// Thread-compatible.
#ifndef PACELINE_SCHEDULER_IO_LIMITS_FILE_H_
#define PACELINE_SCHEDULER_IO_LIMITS_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/fs.h"
#include "scheduler/core/state/limit_table.h"

namespace paceline::scheduler {

// Users that a file may name.
inline constexpr size_t kMaxLimitedUsers = 5000;

// `path` is for messages.
// Errors:  InvalidArgument  no YAML, an unknown key (names the nearest), a value that is no
//                           number; names file and line.
absl::StatusOr<LimitTable> ParseLimits(absl::string_view text, const std::string& path);

class LimitsFile {
 public:
  static constexpr absl::Duration kLookEvery = absl::Seconds(2);

  // `fs` outlives it.
  LimitsFile(FileSystem* fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  // Errors:  as ParseLimits, and those of the file system.
  absl::StatusOr<LimitTable> Read();
  // What the file says, or why it cannot be had, if it has changed since it was last read.
  std::optional<absl::StatusOr<LimitTable>> ReadIfChanged();

 private:
  // When its bytes last changed; nothing if it is not there.
  std::optional<int64_t> Modified() const;

  FileSystem* const fs_;
  const std::string path_;
  std::optional<int64_t> read_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_LIMITS_FILE_H_
