// How many files and connections a daemon may have open.
#ifndef PACELINE_COMMON_DAEMON_DESCRIPTORS_H_
#define PACELINE_COMMON_DAEMON_DESCRIPTORS_H_

#include <cstdint>

namespace paceline {

// Raises the process's limit as far as the system allows it: the usual 1024 is for programs
// that use select(). Processes that it starts inherit it. Returns the limit.
uint64_t RaiseDescriptorLimit();

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_DESCRIPTORS_H_
