// What a process takes of its machine, from /proc.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_PROCESS_PROCESS_USAGE_H_
#define PACELINE_COMMON_PROCESS_PROCESS_USAGE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace paceline {

struct ProcessUsage {
  // Of all its threads, also those that have ended.
  absl::Duration cpu_user;
  absl::Duration cpu_system;
  uint64_t resident_bytes = 0;
  // When it started, since the machine did.
  absl::Duration started;
};

// The text of /proc/PID/stat. A process chooses its name, which stands in parentheses and
// may hold spaces and parentheses itself: fields are counted from the last of them.
// Errors: InvalidArgument  not such a text.
absl::StatusOr<ProcessUsage> ParseProcessStat(absl::string_view stat);

// `proc` is "/proc", or a folder like it; `process` a process id or "self".
// Errors:  NotFound         there is no such process.
//          InvalidArgument  as above.
absl::StatusOr<ProcessUsage> ReadProcessUsage(const std::string& proc, const std::string& process);

// When the machine started, by `proc`/stat.
absl::StatusOr<absl::Time> ReadBootTime(const std::string& proc);

// Files and connections that the process has open.
absl::StatusOr<uint64_t> CountOpenFiles(const std::string& proc, const std::string& process);

}  // namespace paceline

#endif  // PACELINE_COMMON_PROCESS_PROCESS_USAGE_H_
