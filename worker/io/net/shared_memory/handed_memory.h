// A piece of this process's memory that a server on the same host has mapped.
//
//   PL_ASSIGN_OR_RETURN(HandedMemory handed, HandedMemory::HandOver(socket, *memory));
//   v1::SharedSpan span = handed.Span(offset, size);   // into a request
//
// The server holds the memory until this goes; whoever uses it here holds it for itself.
//
// Immutable. Movable.
#ifndef PACELINE_WORKER_IO_NET_SHARED_MEMORY_HANDED_MEMORY_H_
#define PACELINE_WORKER_IO_NET_SHARED_MEMORY_HANDED_MEMORY_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/shared_memory/shared_memory.h"
#include "common/shared_memory/unique_fd.h"
#include "proto/data.pb.h"

namespace paceline::worker {

class HandedMemory {
 public:
  // To the server that listens under `socket` (common/shared_memory/memory_socket.h).
  // Takes at most a second.
  // Errors:  Unavailable  it is not on this host, or does not take it.
  static absl::StatusOr<HandedMemory> HandOver(const std::string& socket,
                                               const SharedMemory& memory);

  // Bytes of it, as the server knows them.
  v1::SharedSpan Span(uint64_t offset, uint64_t size) const;

 private:
  HandedMemory(UniqueFd connection, uint64_t number)
      : connection_(std::move(connection)), number_(number) {}

  // Its end tells the server that the memory is not shared any more.
  UniqueFd connection_;
  uint64_t number_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_SHARED_MEMORY_HANDED_MEMORY_H_
