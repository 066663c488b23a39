// Hands shared memory from one process of a host to another, over a unix socket with an
// abstract name: it exists as long as somebody listens, and only in this network
// namespace.
//
//   client                                   server
//   Connect(name)                            Listen(name), accept
//   SendMemory(fd, memory)    ----------->   ReceiveMemory(fd)
//   ReceiveNumber(fd)         <-----------   SendNumber(fd, id)
//   holds the connection      ...            drops the memory when it ends
//
// Thread-safe: functions of their descriptors.
#ifndef PACELINE_COMMON_SHARED_MEMORY_MEMORY_SOCKET_H_
#define PACELINE_COMMON_SHARED_MEMORY_MEMORY_SOCKET_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/shared_memory/shared_memory.h"
#include "common/shared_memory/unique_fd.h"

namespace paceline {

// A name that nobody guesses: its reader was told it.
std::string NewMemorySocketName();

// Does not block; `backlog` connections wait to be accepted.
// Errors:  as errno.
absl::StatusOr<UniqueFd> ListenForMemory(const std::string& name, int backlog);

// A connection whose calls block for at most `timeout` each.
// Errors:  Unavailable      nobody listens on this host under this name.
//          InvalidArgument  a name that cannot be one.
absl::StatusOr<UniqueFd> ConnectForMemory(const std::string& name, absl::Duration timeout);

// The next connection, whose calls do not block. Connections of other users are closed.
// Errors:  Unavailable        none is waiting, or it was another user's.
//          ResourceExhausted  this process has no descriptor left for it: it goes on waiting.
absl::StatusOr<UniqueFd> AcceptForMemory(int listener);

// Errors of all:  Unavailable  the peer has gone, or is late; nothing is there yet.
absl::Status SendMemory(int socket, const SharedMemory& memory);
// InvalidArgument: something else came.
absl::StatusOr<UniqueFd> ReceiveMemory(int socket);
absl::Status SendNumber(int socket, uint64_t number);
absl::StatusOr<uint64_t> ReceiveNumber(int socket);

}  // namespace paceline

#endif  // PACELINE_COMMON_SHARED_MEMORY_MEMORY_SOCKET_H_
