// A backup of the scheduler's state as one file. All numbers are little-endian:
//
//   bytes  what
//   8      "PLBACKUP"
//   4      format version, now 1
//   4      c: bytes of the cluster's id
//   8      journal index: updates that the state contains
//   8      b: bytes of the body
//   c      the cluster's id
//   b      body: a serialised StateSnapshot (proto/state.proto)
//   8      XXH3-64 of all bytes before
//
// Magic and version stand where they are in every version to come; a reader takes
// its own and older versions (common/format_version).
//
// Thread-safe: pure functions.
#ifndef PACELINE_SCHEDULER_IO_BACKUP_FILE_H_
#define PACELINE_SCHEDULER_IO_BACKUP_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

inline constexpr uint32_t kBackupFormatVersion = 1;
// Beyond this a file is not read. Bytes.
inline constexpr uint64_t kMaxBackupBytes = uint64_t{1} << 30;

// The file that holds the state.
// Errors:  ResourceExhausted  the state does not fit kMaxBackupBytes.
absl::StatusOr<std::string> EncodeBackup(const v1::StateSnapshot& state);

// The state that a file holds. Every missing, added or changed byte is found.
// Errors:  DataLoss            not a backup, or damaged.
//          FailedPrecondition  a newer format version; names both.
absl::StatusOr<v1::StateSnapshot> DecodeBackup(absl::string_view file);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_BACKUP_FILE_H_
