#include "worker/io/net/shared_memory/shared_arena.h"

#include "common/shared_memory/shared_memory.h"
#include "common/status/status_macros.h"

namespace paceline::worker {

absl::StatusOr<std::shared_ptr<SharedArena>> SharedArena::Open(const std::string& socket,
                                                               uint64_t bytes) {
  PL_ASSIGN_OR_RETURN(std::shared_ptr<SharedMemory> memory, SharedMemory::Create(bytes));
  PL_ASSIGN_OR_RETURN(HandedMemory handed, HandedMemory::HandOver(socket, *memory));
  return std::shared_ptr<SharedArena>(new SharedArena(std::move(memory), std::move(handed)));
}

std::optional<SharedArena::Region> SharedArena::Take(const std::shared_ptr<SharedArena>& arena,
                                                     uint64_t size) {
  MutexLock lock(&arena->mu_);
  const std::optional<uint64_t> offset = arena->free_.Take(size);
  if (!offset.has_value()) return std::nullopt;
  return Region(arena, *offset, size);
}

SharedArena::Region::~Region() {
  if (arena_ == nullptr) return;
  MutexLock lock(&arena_->mu_);
  arena_->free_.Return(offset_, size_);
}

}  // namespace paceline::worker
