// Whether a TCP port answers.
#ifndef PACELINE_CLI_DOCTOR_TCP_CHECK_H_
#define PACELINE_CLI_DOCTOR_TCP_CHECK_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/daemon/address.h"

namespace paceline::cli {

// Connects and closes. Names are looked up first, which may take longer.
// Errors:  Unavailable  no such name, refused, or no answer within `timeout`; says which.
// Thread-safe.
absl::Status CheckTcpPort(const HostPort& address, absl::Duration timeout);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DOCTOR_TCP_CHECK_H_
