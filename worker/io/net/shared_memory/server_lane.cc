#include "worker/io/net/shared_memory/server_lane.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "common/log.h"
#include "common/refusal/refusal.h"

namespace paceline::worker {
namespace {

// The next bytes of the region; one span with those before if they touch.
void AddRegion(uint64_t offset, size_t size, PlacedBytes* placed) {
  if (size == 0) return;
  const v1::SharedSpan span = placed->region->span(offset, size);
  if (!placed->spans.empty()) {
    v1::SharedSpan* const before = &*placed->spans.rbegin();
    if (before->arena() == span.arena() && before->offset() + before->size() == span.offset()) {
      before->set_size(before->size() + size);
      placed->pieces.back() = {placed->pieces.back().data(), before->size()};
      return;
    }
  }
  *placed->spans.Add() = span;
  placed->pieces.push_back({placed->region->data() + offset, size});
}

}  // namespace

void ServerLane::SetSocket(const std::string& socket) {
  MutexLock lock(&mu_);
  unreachable_ = false;
  if (socket != socket_) {
    socket_ = socket;
    arena_ = nullptr;
    handed_.clear();
  }
  if (arena_ == nullptr) Open();
  // In time for the rows and gradients that are made now.
  if (arena_ != nullptr) TensorMemory::Get().Share();
}

std::shared_ptr<const PlacedBytes> ServerLane::Place(const FramePayload& payload, uint64_t bytes) {
  if (bytes < options_.least_bytes) return nullptr;
  std::vector<std::shared_ptr<const TensorBlock>> blocks(payload.size());
  uint64_t rest = bytes;
  for (size_t i = 0; i < payload.size(); ++i) {
    blocks[i] = FindBlock(payload[i].data, payload[i].size);
    if (blocks[i] != nullptr) rest -= payload[i].size;
  }
  auto placed = std::make_shared<PlacedBytes>();
  {
    MutexLock lock(&mu_);
    if (rest > 0) placed->region = Take(rest);
    if (rest > 0 && placed->region == nullptr) return nullptr;
    uint64_t in_region = 0;
    for (size_t i = 0; i < payload.size(); ++i) {
      const size_t size = payload[i].size;
      if (blocks[i] == nullptr) {
        AddRegion(in_region, size, placed.get());
        in_region += size;
      } else if (!Add(blocks[i], payload[i].data, size, placed.get())) {
        return nullptr;
      }
    }
  }
  uint8_t* to = rest > 0 ? placed->region->data() : nullptr;
  for (size_t i = 0; i < payload.size(); ++i) {
    if (blocks[i] != nullptr || payload[i].size == 0) continue;
    std::memcpy(to, payload[i].data, payload[i].size);
    to += payload[i].size;
  }
  return placed;
}

std::shared_ptr<const PlacedBytes> ServerLane::Reserve(absl::Span<const absl::Span<float>> places,
                                                       uint64_t bytes) {
  if (bytes < options_.least_bytes) return nullptr;
  MutexLock lock(&mu_);
  auto placed = std::make_shared<PlacedBytes>();
  if (ReservePlaces(places, placed.get())) return placed;
  *placed = PlacedBytes();
  placed->region = Take(bytes);
  if (placed->region == nullptr) return nullptr;
  AddRegion(0, bytes, placed.get());
  return placed;
}

void ServerLane::Ended(const PlacedBytes& placed, const absl::Status& status) {
  if (status.ok() || RefusalKindOf(status) != v1::Refusal::KIND_UNSPECIFIED) return;
  MutexLock lock(&mu_);
  if (placed.region != nullptr && placed.region->IsOf(arena_.get())) arena_ = nullptr;
  for (const auto& block : placed.blocks) {
    block->Retire();
    // It may not hold it any more.
    handed_.erase(block->memory().get());
  }
}

std::shared_ptr<const TensorBlock> ServerLane::FindBlock(const void* data, size_t size) const {
  return size < options_.least_bytes ? nullptr : TensorMemory::Get().Find(data, size);
}

bool ServerLane::ReservePlaces(absl::Span<const absl::Span<float>> places, PlacedBytes* placed) {
  for (const absl::Span<float> place : places) {
    const size_t size = place.size() * sizeof(float);
    const std::shared_ptr<const TensorBlock> block = FindBlock(place.data(), size);
    if (block == nullptr || !Add(block, place.data(), size, placed)) return false;
  }
  return !places.empty();
}

bool ServerLane::Add(const std::shared_ptr<const TensorBlock>& block, const void* data, size_t size,
                     PlacedBytes* placed) {
  const HandedMemory* const handed = HandOver(block->memory());
  if (handed == nullptr) return false;
  const uint64_t offset = block->OffsetOf(data);
  *placed->spans.Add() = handed->Span(offset, size);
  placed->pieces.push_back({block->memory()->data() + offset, size});
  placed->blocks.push_back(block);
  return true;
}

const HandedMemory* ServerLane::HandOver(const std::shared_ptr<SharedMemory>& memory) {
  if (socket_.empty() || unreachable_) return nullptr;
  const auto held = handed_.find(memory.get());
  if (held != handed_.end() && !held->second.of.expired()) return &held->second.handed;
  // Those whose tensors have all gone.
  absl::erase_if(handed_, [](const auto& entry) { return entry.second.of.expired(); });
  absl::StatusOr<HandedMemory> handed = HandedMemory::HandOver(socket_, *memory);
  if (!handed.ok()) {
    Unreachable(handed.status());
    return nullptr;
  }
  return &handed_.emplace(memory.get(), Tensors{memory, *std::move(handed)}).first->second.handed;
}

std::shared_ptr<SharedArena::Region> ServerLane::Take(uint64_t size) {
  for (;;) {
    if (arena_ == nullptr) Open();
    if (arena_ == nullptr) return nullptr;
    std::optional<SharedArena::Region> region = SharedArena::Take(arena_, size);
    if (region.has_value()) return std::make_shared<SharedArena::Region>(*std::move(region));
    if (bytes_ >= options_.most_bytes || size > options_.most_bytes) return nullptr;
    // The old one goes with its last region.
    bytes_ = std::min(bytes_ * 2, options_.most_bytes);
    arena_ = nullptr;
  }
}

void ServerLane::Open() {
  if (socket_.empty() || unreachable_) return;
  absl::StatusOr<std::shared_ptr<SharedArena>> opened = SharedArena::Open(socket_, bytes_);
  if (opened.ok()) {
    arena_ = *std::move(opened);
  } else {
    Unreachable(opened.status());
  }
}

void ServerLane::Unreachable(const absl::Status& why) {
  unreachable_ = true;
  LogDebug("no shared memory with a server", {{"error", why}});
}

}  // namespace paceline::worker
