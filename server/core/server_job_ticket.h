// A pull that a ServerJob has not answered yet; private to it.
#ifndef PACELINE_SERVER_CORE_SERVER_JOB_TICKET_H_
#define PACELINE_SERVER_CORE_SERVER_JOB_TICKET_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "proto/data.pb.h"
#include "server/core/server_job.h"
#include "server/core/shard.h"
#include "server/core/shared_keys.h"

namespace paceline::server {

// Advanced by one thread at a time: the caller of Pull, then whoever a shard gave
// the ticket's number to.
struct ServerJob::Ticket {
  struct Block {
    Shard* shard = nullptr;
    SharedKeys keys;
    v1::Codec codec = v1::CODEC_FLOAT32;
    // As the request has it.
    uint64_t base = 0;
  };

  uint64_t id = 0;
  v1::RequestContext context;
  uint64_t pin = 0;
  std::vector<Block> blocks;
  PullDone done;
  // Blocks before this one have been admitted.
  size_t next = 0;
  // The block whose shard it was last parked at, for those who end it meanwhile.
  std::atomic<size_t> parked_at{0};
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_SERVER_JOB_TICKET_H_
