#include "server/core/rows/block.h"

#include "common/status/status_macros.h"

namespace paceline::server {

absl::StatusOr<BlockRef> BlockRef::Create(uint64_t size) {
  PL_ASSIGN_OR_RETURN(FloatBuffer floats, FloatBuffer::Create(size));
  return BlockRef(new Block(std::move(floats)));
}

void BlockRef::Reset() {
  if (block_ == nullptr) return;
  // Release: what this holder read is over before a writer sees the count.
  // Acquire: the last one frees after all others' reads.
  if (block_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete block_;
  block_ = nullptr;
}

}  // namespace paceline::server
