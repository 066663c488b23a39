// What tells one daemon from another.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_DAEMON_PROCESS_H_
#define PACELINE_COMMON_DAEMON_PROCESS_H_

#include <cstdint>
#include <string>

namespace paceline {

// The machine's name, for people; "unknown" if it has none.
std::string Hostname();

// Tells the lives of a process apart. Never 0.
uint64_t RandomNonce();

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_PROCESS_H_
