// The machine that a daemon runs on, and what its process takes of it, as the system tells.
// What the system does not tell is 0.
//
// Thread-safe: a function without state. A few reads of /proc: for once a second.
#ifndef PACELINE_COMMON_DAEMON_HOST_STATUS_H_
#define PACELINE_COMMON_DAEMON_HOST_STATUS_H_

#include <string>

#include "proto/cluster.pb.h"

namespace paceline {

// `data_dir` is on the file system that counts. `certificate_expires_ms`: as in HostStatus.
v1::HostStatus ReadHostStatus(const std::string& data_dir, int64_t certificate_expires_ms = 0);

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_HOST_STATUS_H_
