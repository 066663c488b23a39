// How the TCP connections of a process send.
//
// Congestion control can decide more about the speed of a parameter server than anything
// else that the kernel offers: where bbr is the system's default, loopback has been
// measured at a half to a third of what it carries under cubic (on other days at the
// same). It belongs to the sender, so both ends set it.
//
// Thread-safe.
#ifndef PACELINE_COMMON_RPC_TCP_OPTIONS_H_
#define PACELINE_COMMON_RPC_TCP_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"

namespace paceline {

struct TcpOptions {
  // TCP_CONGESTION; empty: the system's.
  std::string congestion;
};

// What `--tcp-congestion WORD` means: auto (cubic, or where this process may not choose
// that, reno), system, or a name.
// Errors:  InvalidArgument  the kernel does not know it, or not for this process; says
//                           what there is.
absl::StatusOr<TcpOptions> ParseTcpCongestion(const std::string& word);

// Of channels and servers that are made without others: those of the last
// SetDefaultTcpOptions of this process, else "auto".
TcpOptions DefaultTcpOptions();
void SetDefaultTcpOptions(const TcpOptions& options);

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_TCP_OPTIONS_H_
