// The way to one server's shared memory: where the bytes of a call lie so that the server
// can reach them, and what becomes of them when the call ends.
//
//   lane.SetSocket(response.shared_memory_socket());        // a rank opens
//   placed = lane.Place(frame.payload, frame.payload_bytes);  // null: by message
//   ... the call, with placed->spans ...
//   lane.Ended(*placed, status);
//
// Bytes of tensors (worker/core/tensor_memory.h) stay where they are; others are copied to
// an arena, which grows by doubling.
//
// Thread-safe.
#ifndef PACELINE_WORKER_IO_NET_SHARED_MEMORY_SERVER_LANE_H_
#define PACELINE_WORKER_IO_NET_SHARED_MEMORY_SERVER_LANE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/shared_memory/shared_memory.h"
#include "common/sync.h"
#include "proto/data.pb.h"
#include "worker/core/task/payload.h"
#include "worker/core/tensor_memory.h"
#include "worker/io/net/shared_memory/handed_memory.h"
#include "worker/io/net/shared_memory/shared_arena.h"
#include "worker/io/net/shared_memory/shared_memory_client.h"

namespace paceline::worker {

// The bytes of a call that lie in shared memory, held until it has ended.
struct PlacedBytes {
  google::protobuf::RepeatedPtrField<v1::SharedSpan> spans;
  // Where they are, piece after piece.
  std::vector<absl::Span<uint8_t>> pieces;
  // Null: none of them.
  std::shared_ptr<SharedArena::Region> region;
  std::vector<std::shared_ptr<const TensorBlock>> blocks;
};

class ServerLane {
 public:
  explicit ServerLane(const SharedMemoryOptions& options)
      : options_(options), bytes_(options.first_bytes) {}

  // Where the server takes memory, as it says when a rank opens; empty: nowhere.
  void SetSocket(const std::string& socket);

  // Puts a payload of `bytes` where the server can read it. Null: it goes by message.
  std::shared_ptr<const PlacedBytes> Place(const FramePayload& payload, uint64_t bytes);

  // Room for a reply of `bytes`: its places as far as the server can write there, and a
  // region of the arena for what else there is. Null: it comes by message.
  std::shared_ptr<const PlacedBytes> Reserve(absl::Span<const absl::Span<float>> places,
                                             uint64_t bytes);

  // The end of a call. Whatever is no answer of the server leaves it unknown until when it
  // reads and writes what it was shown.
  void Ended(const PlacedBytes& placed, const absl::Status& status);

 private:
  // Memory that tensors lie in.
  struct Tensors {
    std::weak_ptr<SharedMemory> of;
    HandedMemory handed;
  };

  // Part of a payload.
  struct Bytes {
    const void* data = nullptr;
    uint64_t size = 0;
    // Null: it does not lie in a tensor, or is not worth it.
    std::shared_ptr<const TensorBlock> block;
  };

  // Spans for all pieces, one after the other: of their blocks, which are looked up, and of a
  // region for the others. Null: there are none.
  std::shared_ptr<const PlacedBytes> Lay(std::vector<Bytes>& pieces);
  // False: the server does not take the memory.
  bool Add(const std::shared_ptr<const TensorBlock>& block, const void* data, size_t size,
           PlacedBytes* placed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Null: not to be had.
  const HandedMemory* HandOver(const std::shared_ptr<SharedMemory>& memory)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Null: there is no room.
  std::shared_ptr<SharedArena::Region> Take(uint64_t size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Open() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Most likely on another host: not asked again before the rank opens anew.
  void Unreachable(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const SharedMemoryOptions options_;
  Mutex mu_;
  // Of the next arena.
  uint64_t bytes_ ABSL_GUARDED_BY(mu_);
  std::string socket_ ABSL_GUARDED_BY(mu_);
  bool unreachable_ ABSL_GUARDED_BY(mu_) = false;
  std::shared_ptr<SharedArena> arena_ ABSL_GUARDED_BY(mu_);
  absl::node_hash_map<const SharedMemory*, Tensors> handed_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_SHARED_MEMORY_SERVER_LANE_H_
