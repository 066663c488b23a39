// Memory that this process shares with one server on the same host, given out in regions.
//
//   PL_ASSIGN_OR_RETURN(std::shared_ptr<SharedArena> arena, SharedArena::Open(socket, bytes));
//   std::optional<SharedArena::Region> region = SharedArena::Take(arena, size);
//   fill(region->data()); span = region->span(0, size);   // into a request
//
// A region is its holder's until it is destroyed: only when the server has answered. If it
// may not have (a call that failed), nobody knows until when it reads and writes there:
// then the whole arena must be given up, and later calls take another.
//
// Thread-safe.
#ifndef PACELINE_WORKER_IO_NET_SHARED_MEMORY_SHARED_ARENA_H_
#define PACELINE_WORKER_IO_NET_SHARED_MEMORY_SHARED_ARENA_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/shared_memory/free_ranges.h"
#include "common/shared_memory/shared_memory.h"
#include "common/sync.h"
#include "proto/data.pb.h"
#include "worker/io/net/shared_memory/handed_memory.h"

namespace paceline::worker {

class SharedArena {
 public:
  // Makes `bytes` of memory and hands it to the server that listens under `socket`
  // (common/shared_memory/memory_socket.h). Takes at most a second.
  // Errors:  Unavailable, ResourceExhausted, Unimplemented: there is none.
  static absl::StatusOr<std::shared_ptr<SharedArena>> Open(const std::string& socket,
                                                           uint64_t bytes);

  class Region {
   public:
    Region(Region&& other) noexcept = default;
    Region& operator=(Region&&) = delete;
    ~Region();

    uint8_t* data() const { return arena_->memory_->data() + offset_; }
    // Of `size` bytes from `offset` on.
    v1::SharedSpan span(uint64_t offset, uint64_t size) const {
      return arena_->handed_.Span(offset_ + offset, size);
    }
    bool IsOf(const SharedArena* arena) const { return arena_.get() == arena; }

   private:
    friend class SharedArena;
    Region(std::shared_ptr<SharedArena> arena, uint64_t offset, uint64_t size)
        : arena_(std::move(arena)), offset_(offset), size_(size) {}

    std::shared_ptr<SharedArena> arena_;
    uint64_t offset_;
    uint64_t size_;
  };

  // `size` bytes, not 0, aligned for vectors; nothing if there is no room.
  static std::optional<Region> Take(const std::shared_ptr<SharedArena>& arena, uint64_t size);

 private:
  SharedArena(std::shared_ptr<SharedMemory> memory, HandedMemory handed)
      : memory_(std::move(memory)), handed_(std::move(handed)), free_(memory_->size()) {}

  const std::shared_ptr<SharedMemory> memory_;
  const HandedMemory handed_;
  Mutex mu_;
  FreeRanges free_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_SHARED_MEMORY_SHARED_ARENA_H_
