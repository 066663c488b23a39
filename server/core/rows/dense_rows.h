// The rows of one dense shard: [rows, dim] row-major float32 weights and as many
// values of every optimizer slot.
//
// Readers take references to blocks of weights that stay valid and unchanged while
// held, so that a reply needs no copy. An update writes
//   - out of place into a spare block if the previous rows are kept (BSP) or a
//     reader or a pin still holds the current block (copy on write);
//   - in place otherwise.
// Blocks that come back are used again: in a steady state nothing is allocated.
//
// A snapshot for a cut holds the blocks of rows and slots as they are; what is
// updated while it is held is copied first. The memory for that is reserved when
// the snapshot is taken, so that a cut may fail for memory and an update may not.
//
// Thread-compatible: the shard's lock guards it. References may be dropped by any
// thread without the lock.
#ifndef PACELINE_SERVER_CORE_ROWS_DENSE_ROWS_H_
#define PACELINE_SERVER_CORE_ROWS_DENSE_ROWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/node.pb.h"
#include "server/core/rows/block.h"
#include "server/core/rows/byte_view.h"
#include "server/core/rows/float_runs.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/rows/non_finite.h"
#include "server/core/rows/optimizer.h"
#include "server/core/rows/version.h"

namespace paceline::server {

// State of a shard for a cut. Holds everything: usable without the lock.
struct DenseSnapshot {
  BlockRef rows;
  // One per slot, in the order of Optimizer::slot_names(). Restore takes none for
  // those that a row starts with.
  std::vector<BlockRef> slots;
  // While it lives, the shard keeps memory back for the copies of what it updates.
  std::shared_ptr<const void> hold;
};

class DenseRows {
 public:
  // A shard with the table's initial values. `budget` outlives it.
  // Errors:  InvalidArgument    the table's optimizer or initializer, or a shard
  //                             that does not lie within the table.
  //          ResourceExhausted  the budget.
  static absl::StatusOr<std::unique_ptr<DenseRows>> Create(const v1::TableSpec& table,
                                                           const v1::ShardSpec& shard,
                                                           uint64_t seed, MemoryBudget* budget);
  // A shard with the rows and slots of a cut.
  // Errors:  as Create; DataLoss  a cut of another shape.
  static absl::StatusOr<std::unique_ptr<DenseRows>> Restore(const v1::TableSpec& table,
                                                            const v1::ShardSpec& shard,
                                                            DenseSnapshot state,
                                                            MemoryBudget* budget);
  ~DenseRows();

  uint64_t rows() const { return rows_; }
  uint32_t dim() const { return dim_; }
  // Floats of the weights: rows * dim.
  uint64_t size() const { return rows_ * dim_; }
  const Optimizer& optimizer() const { return optimizer_; }

  // Weights [rows, dim].
  BlockRef Read(Version version) const;

  // One optimizer step with `gradient` ([rows, dim] float32).
  // Returns the first element that was not finite, or nothing; every other element
  // has been updated.
  // Errors:  InvalidArgument    the gradient's size; nothing has changed.
  //          ResourceExhausted  the budget has no room for a block; nothing has changed.
  absl::StatusOr<std::optional<NonFinite>> Apply(const ByteView& gradient, const Step& step,
                                                 Keep keep);
  // The same with a gradient of size() values that comes in runs, and is asked for only once
  // nothing can fail any more.
  absl::StatusOr<std::optional<NonFinite>> Apply(FloatRuns gradient, const Step& step, Keep keep);

  // An update without a gradient: the rows stay, and with Keep::kPrevious are the
  // previous ones too.
  void Advance();

  // Holds the rows of `version` readable under `pin` until unpinned.
  // Errors:  AlreadyExists      the pin is in use.
  //          ResourceExhausted  kMaxPins pins.
  absl::Status Pin(uint64_t pin, Version version);
  // Errors:  NotFound  no such pin.
  absl::Status Unpin(uint64_t pin);
  absl::StatusOr<BlockRef> ReadPinned(uint64_t pin) const;

  // The current rows and slots.
  // Errors:  ResourceExhausted   no memory for copies of what is updated meanwhile.
  //          FailedPrecondition  an earlier snapshot is still held.
  absl::StatusOr<DenseSnapshot> Snapshot();

  // Blocks and slots held, without those that only readers still hold: what is
  // reserved from the budget, unless a snapshot is held.
  uint64_t MemoryBytes() const;

 private:
  DenseRows(const v1::TableSpec& table, const v1::ShardSpec& shard, Optimizer optimizer,
            MemoryBudget* budget);

  // An empty shard, and whether it lies within the table.
  static absl::StatusOr<std::unique_ptr<DenseRows>> New(const v1::TableSpec& table,
                                                        const v1::ShardSpec& shard,
                                                        MemoryBudget* budget);
  absl::StatusOr<BlockRef> NewBlock();
  // Slots as they are beside new rows.
  absl::Status AddInitialSlots();
  absl::StatusOr<BlockRef> CopyOf(const BlockRef& block);
  // Takes what is missing to `bytes` from the budget.
  absl::Status ReserveTo(uint64_t bytes);
  // A block that nobody reads, from those that came back or a new one.
  absl::StatusOr<BlockRef> TakeSpare();
  // Keeps `block` for TakeSpare, or lets its last reader free it.
  void Retire(BlockRef block);
  // Gives back to the budget what is held no more.
  void Settle();
  uint64_t BlockBytes() const { return size() * sizeof(float); }
  // Of copies of everything that an update changes.
  uint64_t CopyBytes() const { return BlockBytes() * (1 + slots_.size()); }

  const std::string table_;
  const uint64_t first_row_;
  const uint64_t rows_;
  const uint32_t dim_;
  const Optimizer optimizer_;
  MemoryBudget* const budget_;

  BlockRef current_;
  BlockRef previous_;  // null: the same as current_
  std::vector<BlockRef> slots_;
  std::vector<BlockRef> retired_;
  std::vector<std::pair<uint64_t, BlockRef>> pins_;
  std::weak_ptr<const void> snapshot_;
  uint64_t reserved_ = 0;  // bytes taken from the budget
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_DENSE_ROWS_H_
