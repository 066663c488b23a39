// The rows of one shard, dense or sparse, behind one set of words.
//
// Thread-compatible: the shard's lock guards it. What Read and Snapshot give is
// usable without the lock.
#ifndef PACELINE_SERVER_CORE_SHARD_ROWS_H_
#define PACELINE_SERVER_CORE_SHARD_ROWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/node.pb.h"
#include "server/core/payload.h"
#include "server/core/rows/byte_view.h"
#include "server/core/rows/dense_rows.h"
#include "server/core/rows/float_runs.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/rows/non_finite.h"
#include "server/core/rows/optimizer.h"
#include "server/core/rows/sparse_rows.h"
#include "server/core/rows/version.h"

namespace paceline::server {

using RowsSnapshot = std::variant<DenseSnapshot, SparseSnapshot>;

class ShardRows {
 public:
  // Errors:  InvalidArgument    the table's optimizer or initializer, or the shard.
  //          ResourceExhausted  the budget.
  static absl::StatusOr<ShardRows> Create(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                          uint64_t seed, MemoryBudget* budget);
  // With the rows and slots of a cut.
  // Errors:  as Create; DataLoss  a cut of another shape.
  static absl::StatusOr<ShardRows> Restore(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                           uint64_t seed, RowsSnapshot state, MemoryBudget* budget);

  // One optimizer step. Sparse: `keys` ascending and distinct; dense: ignored.
  // Returns the first element that was not finite, or nothing.
  // Errors:  ResourceExhausted  the budget; nothing has changed.
  absl::StatusOr<std::optional<NonFinite>> Apply(absl::Span<const uint64_t> keys,
                                                 const ByteView& gradient, const Step& step,
                                                 Keep keep);
  // The same for all rows of a dense shard (DenseRows).
  absl::StatusOr<std::optional<NonFinite>> ApplyDense(FloatRuns gradient, const Step& step,
                                                      Keep keep);
  // The update of `iteration` without a gradient: sparse rows go by their age. But for these
  // the previous rows are the current ones.
  // Errors:  ResourceExhausted  the budget; nothing has changed.
  absl::Status Advance(uint64_t iteration, Keep keep);

  // Rows as float32, in the layout of a pull response: all of a dense shard without
  // a copy, those of `keys` of a sparse one.
  // Errors:  ResourceExhausted  no memory for the reply.
  absl::StatusOr<Piece> Read(absl::Span<const uint64_t> keys, Version version) const;

  // See DenseRows and SparseRows.
  absl::Status Pin(uint64_t pin, Version version);
  absl::Status Unpin(uint64_t pin);
  absl::StatusOr<Piece> ReadPinned(uint64_t pin, absl::Span<const uint64_t> keys) const;

  absl::StatusOr<RowsSnapshot> Snapshot();
  uint64_t MemoryBytes() const;
  // Null if it is dense.
  const SparseRows* sparse() const { return sparse_.get(); }

 private:
  ShardRows(std::unique_ptr<DenseRows> dense, std::unique_ptr<SparseRows> sparse)
      : dense_(std::move(dense)), sparse_(std::move(sparse)) {}

  // One of the two.
  std::unique_ptr<DenseRows> dense_;
  std::unique_ptr<SparseRows> sparse_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_SHARD_ROWS_H_
