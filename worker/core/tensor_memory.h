// Where the tensors lie that a rank computes with: the rows of its tables and their
// gradients.
//
// Once a server on this host has been found, large ones are placed in memory that it can
// map: then a gradient leaves, and rows arrive, without a copy on the way. Once there is a
// GPU, they are placed where it copies from and to. Everything else comes from the heap.
//
//   TensorFloats rows(1 << 20);                           // a vector that lies there
//   std::shared_ptr<const TensorBlock> block = TensorMemory::Get().Find(rows.data(), bytes);
//
// A block stays where it is, and nobody else's, as long as its vector or anybody who holds
// it. A server that was shown a block and gave no answer may read and write it at any later
// time: then the block is retired. Nobody gets its bytes again, and who still computes with
// them moves on (MoveIfRetired).
//
// Thread-safe.
#ifndef PACELINE_WORKER_CORE_TENSOR_MEMORY_H_
#define PACELINE_WORKER_CORE_TENSOR_MEMORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "common/shared_memory/free_ranges.h"
#include "common/shared_memory/shared_memory.h"
#include "common/sync.h"

namespace paceline::worker {

class TensorMemory;

// Makes memory such that a device copies from and to it without a detour, as long as it is
// pinned. Thread-safe.
class HostPinner {
 public:
  virtual ~HostPinner() = default;
  // False: it stays as it is.
  virtual bool Pin(void* memory, uint64_t bytes) = 0;
  virtual void Unpin(void* memory) = 0;
};

// Part of a piece of memory that other processes can map.
class TensorBlock {
 public:
  ~TensorBlock();
  TensorBlock(const TensorBlock&) = delete;
  TensorBlock& operator=(const TensorBlock&) = delete;

  const std::shared_ptr<SharedMemory>& memory() const;
  // Of `data`, which lies in the block, within memory().
  uint64_t OffsetOf(const void* data) const;

  // See TensorMemory::PinWith.
  bool pinned() const;

  void Retire() const { retired_ = true; }
  bool retired() const { return retired_; }

 private:
  friend class TensorMemory;
  struct Segment;
  TensorBlock(std::shared_ptr<Segment> segment, uint64_t offset, uint64_t size);

  const std::shared_ptr<Segment> segment_;
  const uint64_t offset_;
  const uint64_t size_;
  mutable std::atomic<bool> retired_ = false;
};

// The process's.
class TensorMemory {
 public:
  static TensorMemory& Get();

  // From now on large tensors lie in memory that can be shared.
  void Share() { shared_ = true; }

  // From now on large tensors also lie in memory that `pinner` has pinned, which lives as
  // long as they.
  void PinWith(std::shared_ptr<HostPinner> pinner);
  // No longer, unless another one has come since.
  void StopPinningWith(const HostPinner* pinner);

  // Smaller ones are not worth it.
  static constexpr size_t kLeastBytes = size_t{64} << 10;

  // Aligned for vectors. Throws std::bad_alloc, as allocators do.
  void* Allocate(size_t bytes);
  void Free(void* data, size_t bytes);

  // The block that holds these bytes; null: they cannot be shared.
  std::shared_ptr<const TensorBlock> Find(const void* data, size_t bytes) const;

 private:
  friend class TensorBlock;
  TensorMemory() = default;
  // Null: the system has no memory that can be shared.
  std::shared_ptr<const TensorBlock> TakeBlock(size_t bytes);
  void Return(TensorBlock* block);

  std::atomic<bool> shared_ = false;
  mutable Mutex mu_;
  std::vector<std::shared_ptr<TensorBlock::Segment>> segments_ ABSL_GUARDED_BY(mu_);
  uint64_t segment_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  std::shared_ptr<HostPinner> pinner_ ABSL_GUARDED_BY(mu_);
  // Of vectors, by their address.
  std::map<const uint8_t*, std::shared_ptr<const TensorBlock>> blocks_ ABSL_GUARDED_BY(mu_);
};

template <typename T>
struct TensorAllocator {
  using value_type = T;
  TensorAllocator() = default;
  template <typename U>
  TensorAllocator(const TensorAllocator<U>&) {}  // NOLINT: what allocators are to have
  T* allocate(size_t n) { return static_cast<T*>(TensorMemory::Get().Allocate(n * sizeof(T))); }
  void deallocate(T* data, size_t n) { TensorMemory::Get().Free(data, n * sizeof(T)); }
  template <typename U>
  bool operator==(const TensorAllocator<U>&) const {
    return true;
  }
};

using TensorFloats = std::vector<float, TensorAllocator<float>>;

// Copies `floats` to other memory if a block that it lies in is retired.
void MoveIfRetired(TensorFloats* floats);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TENSOR_MEMORY_H_
