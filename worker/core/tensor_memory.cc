#include "worker/core/tensor_memory.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "common/log.h"

namespace paceline::worker {
namespace {

constexpr std::align_val_t kAlignment{64};
// A segment is as large as those before it together, within limits, so that there are few;
// a larger tensor has one of its own.
constexpr uint64_t kSmallestSegment = uint64_t{4} << 20;
constexpr uint64_t kLargestSegment = uint64_t{64} << 20;
constexpr uint64_t kPage = 4096;

// To whole pages: a tensor of any size fits into a segment that is made for it.
uint64_t WholePages(uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

}  // namespace

struct TensorBlock::Segment {
  Segment(std::shared_ptr<SharedMemory> shared, std::shared_ptr<HostPinner> host_pinner)
      : memory(std::move(shared)),
        pinner(std::move(host_pinner)),
        pinned(pinner != nullptr && pinner->Pin(memory->data(), memory->size())),
        free(memory->size()) {}
  ~Segment() {
    if (pinned) pinner->Unpin(memory->data());
  }

  const std::shared_ptr<SharedMemory> memory;
  // Who was asked to pin it, if anybody.
  const std::shared_ptr<HostPinner> pinner;
  const bool pinned;
  // Under TensorMemory's mutex.
  FreeRanges free;
  uint64_t blocks = 0;
};

TensorBlock::TensorBlock(std::shared_ptr<Segment> segment, uint64_t offset, uint64_t size)
    : segment_(std::move(segment)), offset_(offset), size_(size) {}

TensorBlock::~TensorBlock() { TensorMemory::Get().Return(this); }

const std::shared_ptr<SharedMemory>& TensorBlock::memory() const { return segment_->memory; }

uint64_t TensorBlock::OffsetOf(const void* data) const {
  return static_cast<uint64_t>(static_cast<const uint8_t*>(data) - segment_->memory->data());
}

bool TensorBlock::pinned() const { return segment_->pinned; }

TensorMemory& TensorMemory::Get() {
  // Never destroyed: vectors of static lifetime may come after it.
  static TensorMemory* const memory = new TensorMemory();
  return *memory;
}

void TensorMemory::PinWith(std::shared_ptr<HostPinner> pinner) {
  shared_ = true;
  MutexLock lock(&mu_);
  pinner_ = std::move(pinner);
}

void TensorMemory::StopPinningWith(const HostPinner* pinner) {
  MutexLock lock(&mu_);
  if (pinner_.get() == pinner) pinner_.reset();
}

void* TensorMemory::Allocate(size_t bytes) {
  if (bytes >= kLeastBytes && shared_) {
    if (std::shared_ptr<const TensorBlock> block = TakeBlock(bytes); block != nullptr) {
      uint8_t* const data = block->memory()->data() + block->offset_;
      MutexLock lock(&mu_);
      blocks_.emplace(data, std::move(block));
      return data;
    }
  }
  return ::operator new(bytes, kAlignment);
}

void TensorMemory::Free(void* data, size_t bytes) {
  // Its end takes the mutex.
  std::shared_ptr<const TensorBlock> block;
  if (bytes >= kLeastBytes) {
    MutexLock lock(&mu_);
    const auto found = blocks_.find(static_cast<const uint8_t*>(data));
    if (found != blocks_.end()) {
      block = std::move(found->second);
      blocks_.erase(found);
    }
  }
  if (block == nullptr) ::operator delete(data, kAlignment);
}

std::shared_ptr<const TensorBlock> TensorMemory::Find(const void* data, size_t bytes) const {
  const auto* const at = static_cast<const uint8_t*>(data);
  MutexLock lock(&mu_);
  auto after = blocks_.upper_bound(at);
  if (after == blocks_.begin()) return nullptr;
  const auto& [start, block] = *std::prev(after);
  const auto offset = static_cast<uint64_t>(at - start);
  return offset <= block->size_ && bytes <= block->size_ - offset ? block : nullptr;
}

std::shared_ptr<const TensorBlock> TensorMemory::TakeBlock(size_t bytes) {
  MutexLock lock(&mu_);
  const auto take = [&](const std::shared_ptr<TensorBlock::Segment>& segment)
                        ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> std::shared_ptr<const TensorBlock> {
    const std::optional<uint64_t> offset = segment->free.Take(bytes);
    if (!offset.has_value()) return nullptr;
    ++segment->blocks;
    return std::shared_ptr<const TensorBlock>(new TensorBlock(segment, *offset, bytes));
  };
  for (const std::shared_ptr<TensorBlock::Segment>& segment : segments_) {
    if (segment->pinner != pinner_) continue;
    if (std::shared_ptr<const TensorBlock> block = take(segment); block != nullptr) return block;
  }
  const uint64_t size = WholePages(
      std::max<uint64_t>(bytes, std::clamp(segment_bytes_, kSmallestSegment, kLargestSegment)));
  absl::StatusOr<std::shared_ptr<SharedMemory>> memory = SharedMemory::Create(size);
  if (!memory.ok()) {
    LogWarning("tensors are not shared with servers", {{"error", memory.status().message()}});
    shared_ = false;
    return nullptr;
  }
  segment_bytes_ += size;
  segments_.push_back(std::make_shared<TensorBlock::Segment>(*std::move(memory), pinner_));
  return take(segments_.back());
}

void TensorMemory::Return(TensorBlock* block) {
  TensorBlock::Segment* const segment = block->segment_.get();
  MutexLock lock(&mu_);
  if (!block->retired_) segment->free.Return(block->offset_, block->size_);
  if (--segment->blocks > 0) return;
  // Nothing lies there any more: it goes, with what was retired.
  segment_bytes_ -= segment->memory->size();
  segments_.erase(std::find(segments_.begin(), segments_.end(), block->segment_));
}

void MoveIfRetired(TensorFloats* floats) {
  const std::shared_ptr<const TensorBlock> block =
      TensorMemory::Get().Find(floats->data(), floats->size() * sizeof(float));
  if (block != nullptr && block->retired()) *floats = TensorFloats(*floats);
}

}  // namespace paceline::worker
