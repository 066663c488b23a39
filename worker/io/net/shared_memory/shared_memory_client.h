// Payloads of calls to servers on this host go through shared memory; the calls
// themselves, and everything that goes to other hosts, go as before.
//
// A server says at OpenRank where it can be handed memory. What lies in tensors
// (worker/core/tensor_memory.h) is read and written where it is; anything else is copied to
// an arena that the rank and the server have. Whatever goes wrong with them, the payload
// travels in the message instead: shared memory is never a reason for a call to fail for good.
//
// Thread-safe, as DataClient is.
#ifndef PACELINE_WORKER_IO_NET_SHARED_MEMORY_SHARED_MEMORY_CLIENT_H_
#define PACELINE_WORKER_IO_NET_SHARED_MEMORY_SHARED_MEMORY_CLIENT_H_

#include <cstdint>
#include <memory>

#include "worker/io/net/data_client.h"

namespace paceline::worker {

struct SharedMemoryOptions {
  // Of each server's arena, at first and at most: what does not fit in is made room for
  // by another of twice the size, up to about the frames that are outstanding to a server;
  // what is left over travels in messages.
  uint64_t first_bytes = uint64_t{1} << 20;
  uint64_t most_bytes = uint64_t{20} << 20;
  // Smaller payloads are not worth it.
  uint64_t least_bytes = uint64_t{4} << 10;
};

// `servers`: how many `client` has.
std::unique_ptr<DataClient> WithSharedMemory(std::unique_ptr<DataClient> client, size_t servers,
                                             SharedMemoryOptions options = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_SHARED_MEMORY_SHARED_MEMORY_CLIENT_H_
