// Reference-counted arrays of float32: weights that may be on their way to a rank
// while the next ones are written elsewhere.
//
// A holder of a BlockRef may read the block for as long as it holds it and sees
// it unchanged: an owner writes only to a block that nobody else holds
// (BlockRef::unique). To hand a block to a C interface (a gRPC slice), Release()
// the reference and give it back with BlockRef::Adopt in the destroy callback.
//
// BlockRef: Thread-compatible; different references to one block may be used and
// dropped by different threads.
#ifndef PACELINE_SERVER_CORE_ROWS_BLOCK_H_
#define PACELINE_SERVER_CORE_ROWS_BLOCK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/buffer.h"

namespace paceline::server {

class BlockRef;

// Floats, zero at first. Lives while referenced.
class Block {
 public:
  const float* data() const { return floats_.data(); }
  uint64_t size() const { return floats_.size(); }
  absl::Span<const float> floats() const { return floats_.span(); }

  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

 private:
  friend class BlockRef;
  explicit Block(FloatBuffer floats) : floats_(std::move(floats)) {}
  ~Block() = default;

  std::atomic<uint32_t> references_{1};
  FloatBuffer floats_;
};

class BlockRef {
 public:
  // Stops the process when there is no memory.
  static BlockRef New(uint64_t size) { return BlockRef(new Block(FloatBuffer(size))); }
  // Errors:  ResourceExhausted  no memory for `size` floats.
  static absl::StatusOr<BlockRef> Create(uint64_t size);
  // Takes over a reference that Release gave up.
  static BlockRef Adopt(const Block* block) { return BlockRef(const_cast<Block*>(block)); }

  BlockRef() = default;
  BlockRef(const BlockRef& other) : block_(other.block_) {
    if (block_ != nullptr) block_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() { Reset(); }

  explicit operator bool() const { return block_ != nullptr; }
  const Block* get() const { return block_; }
  const Block* operator->() const { return block_; }
  const Block& operator*() const { return *block_; }

  void Reset();
  // The same reference as the owner of bytes (Piece in server/core/payload.h).
  std::shared_ptr<const void> Shared() const { return std::make_shared<BlockRef>(*this); }
  // Gives the reference up without dropping it.
  [[nodiscard]] const Block* Release() { return std::exchange(block_, nullptr); }

  // Nobody else holds the block, and all that others read of it is over.
  bool unique() const { return block_->references_.load(std::memory_order_acquire) == 1; }
  // For writing, while the reference is unique.
  float* mutable_data() { return block_->floats_.data(); }

 private:
  explicit BlockRef(Block* block) : block_(block) {}
  Block* block_ = nullptr;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_BLOCK_H_
