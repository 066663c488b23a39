#include "worker/io/net/shared_arena.h"

#include <iterator>

#include "common/shared_memory/memory_socket.h"
#include "common/status/status_macros.h"

namespace paceline::worker {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(1);
// A cache line, and a whole vector.
constexpr uint64_t kAlignment = 64;

uint64_t RoundUp(uint64_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

absl::StatusOr<std::shared_ptr<SharedArena>> SharedArena::Open(const std::string& socket,
                                                               uint64_t bytes) {
  // First: without a server on this host there is no need for memory.
  PL_ASSIGN_OR_RETURN(UniqueFd connection, ConnectForMemory(socket, kPatience));
  PL_ASSIGN_OR_RETURN(std::shared_ptr<SharedMemory> memory, SharedMemory::Create(bytes));
  PL_RETURN_IF_ERROR(SendMemory(connection.get(), *memory));
  PL_ASSIGN_OR_RETURN(const uint64_t number, ReceiveNumber(connection.get()));
  return std::shared_ptr<SharedArena>(
      new SharedArena(std::move(memory), std::move(connection), number));
}

SharedArena::SharedArena(std::shared_ptr<SharedMemory> memory, UniqueFd connection, uint64_t number)
    : memory_(std::move(memory)), connection_(std::move(connection)), number_(number) {
  MutexLock lock(&mu_);
  free_[0] = memory_->size();
}

std::optional<SharedArena::Region> SharedArena::Take(const std::shared_ptr<SharedArena>& arena,
                                                     uint64_t size) {
  const uint64_t room = RoundUp(size);
  MutexLock lock(&arena->mu_);
  // The first that fits: what was used last is most likely still in a cache.
  for (auto stretch = arena->free_.begin(); stretch != arena->free_.end(); ++stretch) {
    if (stretch->second < room) continue;
    const auto [offset, length] = *stretch;
    arena->free_.erase(stretch);
    if (length > room) arena->free_[offset + room] = length - room;
    return Region(arena, offset, size);
  }
  return std::nullopt;
}

void SharedArena::Free(uint64_t offset, uint64_t size) {
  MutexLock lock(&mu_);
  auto stretch = free_.emplace(offset, RoundUp(size)).first;
  const auto next = std::next(stretch);
  if (next != free_.end() && stretch->first + stretch->second == next->first) {
    stretch->second += next->second;
    free_.erase(next);
  }
  if (stretch == free_.begin()) return;
  const auto before = std::prev(stretch);
  if (before->first + before->second != stretch->first) return;
  before->second += stretch->second;
  free_.erase(stretch);
}

SharedArena::Region::~Region() {
  if (arena_ != nullptr) arena_->Free(offset_, size_);
}

v1::SharedSpan SharedArena::Region::span() const {
  v1::SharedSpan span;
  span.set_arena(arena_->number_);
  span.set_offset(offset_);
  span.set_size(size_);
  return span;
}

}  // namespace paceline::worker
