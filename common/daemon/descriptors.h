// How many files and connections a daemon may have open.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_DAEMON_DESCRIPTORS_H_
#define PACELINE_COMMON_DAEMON_DESCRIPTORS_H_

#include <cstdint>

namespace paceline {

// Raises the process's limit as far as the system allows it: the usual 1024 is for programs
// that use select(). Processes that it starts inherit it. Returns the limit.
uint64_t RaiseDescriptorLimit();

// Of this process, as it is now.
uint64_t DescriptorLimit();
// Open now; 0 if the system does not say.
uint64_t OpenDescriptors();

// Connections that listeners take at most, so that some descriptors are left for files and
// for connections to others: three quarters of the limit for gRPC, a sixteenth, and no
// more than 64, for HTTP.
struct ConnectionShares {
  uint64_t grpc = 0;
  uint64_t http = 0;
};
ConnectionShares ConnectionLimits(uint64_t descriptor_limit = DescriptorLimit());

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_DESCRIPTORS_H_
