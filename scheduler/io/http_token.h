// A secret that a daemon leaves in its folder: who can read it there may change things over
// HTTP where nobody shows a certificate.
//
// The file holds 64 hexadecimal digits (32 random bytes) and a line end, and only its owner
// can read it (mode 0600). It stays as it is until somebody removes it.
//
// Thread-safe: functions without state.
#ifndef PACELINE_SCHEDULER_IO_HTTP_TOKEN_H_
#define PACELINE_SCHEDULER_IO_HTTP_TOKEN_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline::scheduler {

// The token in the file, which is made if it is absent.
// Errors:  FailedPrecondition  others may read the file, or it holds something else.
//          and those of the file system; all name the path.
absl::StatusOr<std::string> LoadOrMakeHttpToken(const std::string& path);

// Whether both are the same, in a time that does not tell where they differ.
bool SameToken(absl::string_view a, absl::string_view b);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_HTTP_TOKEN_H_
