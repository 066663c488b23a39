// The one rule for files that outlive a program: a reader takes its own format
// version and every older one, and refuses a newer one. Versions count from 1; a
// program writes the newest it knows.
//
// Thread-safe: a pure function.
#ifndef PACELINE_COMMON_FORMAT_VERSION_FORMAT_VERSION_H_
#define PACELINE_COMMON_FORMAT_VERSION_FORMAT_VERSION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace paceline {

// `what`: the file, for the message. `newest`: the version that this program writes.
// Errors:  FailedPrecondition  a newer one; names both.
//          DataLoss            0: no version.
absl::Status CheckFormatVersion(absl::string_view what, uint64_t newest, uint64_t got);

}  // namespace paceline

#endif  // PACELINE_COMMON_FORMAT_VERSION_FORMAT_VERSION_H_
