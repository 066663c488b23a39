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
  std::vector<Bytes> pieces;
  pieces.reserve(payload.size());
  for (const PayloadPiece& piece : payload) pieces.push_back({piece.data, piece.size});
  const std::shared_ptr<const PlacedBytes> placed = Lay(pieces);
  if (placed == nullptr || placed->region == nullptr) return placed;
  uint8_t* to = placed->region->data();
  for (size_t i = 0; i < payload.size(); ++i) {
    if (pieces[i].block != nullptr || pieces[i].size == 0) continue;
    std::memcpy(to, pieces[i].data, pieces[i].size);
    to += pieces[i].size;
  }
  return placed;
}

std::shared_ptr<const PlacedBytes> ServerLane::Reserve(absl::Span<const absl::Span<float>> places,
                                                       uint64_t bytes) {
  if (bytes < options_.least_bytes) return nullptr;
  std::vector<Bytes> pieces;
  for (const absl::Span<float> place : places) {
    pieces.push_back({place.data(), place.size() * sizeof(float)});
  }
  // Nowhere in particular.
  if (places.empty()) pieces.push_back({nullptr, bytes});
  return Lay(pieces);
}

std::shared_ptr<const PlacedBytes> ServerLane::Lay(std::vector<Bytes>& pieces) {
  uint64_t rest = 0;
  for (Bytes& piece : pieces) {
    if (piece.data != nullptr && piece.size >= options_.least_bytes) {
      piece.block = TensorMemory::Get().Find(piece.data, piece.size);
    }
    if (piece.block == nullptr) rest += piece.size;
  }
  auto placed = std::make_shared<PlacedBytes>();
  MutexLock lock(&mu_);
  if (rest > 0) placed->region = Take(rest);
  if (rest > 0 && placed->region == nullptr) return nullptr;
  uint64_t in_region = 0;
  for (const Bytes& piece : pieces) {
    if (piece.block == nullptr) {
      AddRegion(in_region, piece.size, placed.get());
      in_region += piece.size;
    } else if (!Add(piece.block, piece.data, piece.size, placed.get())) {
      return nullptr;
    }
  }
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
