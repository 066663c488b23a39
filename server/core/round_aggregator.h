// Folds the updates of one BSP round on one shard, in the order of the ranks.
//
// A sum of floats depends on its order, so the update of rank 3 waits until those
// of ranks 0 to 2 are in; it is buffered as it was received, within a budget.
// The rank whose turn it is is folded at once and needs no budget, so a round
// always gets on. Expected in a round are the ranks that have not finished.
//
//   Add(1, g1)   buffered
//   Add(0, g0)   folded, and g1
//   Finish(2)    complete
//   ApplyTo(rows, step) -> NextRound()
//
// Thread-compatible: the shard's lock guards it.
#ifndef PACELINE_SERVER_CORE_ROUND_AGGREGATOR_H_
#define PACELINE_SERVER_CORE_ROUND_AGGREGATOR_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/node.pb.h"
#include "server/core/dense_sum.h"
#include "server/core/gradient.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/rows/non_finite.h"
#include "server/core/rows/optimizer.h"
#include "server/core/rows/sparse_fold.h"
#include "server/core/shard_rows.h"

namespace paceline::server {

class RoundAggregator {
 public:
  // `budget` bounds the bytes buffered; it outlives this.
  RoundAggregator(const v1::TableSpec& table, const v1::ShardSpec& shard, uint32_t ranks,
                  MemoryBudget* budget);
  ~RoundAggregator();
  RoundAggregator(const RoundAggregator&) = delete;
  RoundAggregator& operator=(const RoundAggregator&) = delete;

  // The rank's update of this round is in.
  bool Has(uint32_t rank) const { return ranks_[rank].state == State::kTaken; }

  // Takes the rank's update; it is expected and not in yet.
  // Errors:  ResourceExhausted  it came early and the budget is full; nothing changed.
  absl::Status Add(uint32_t rank, Gradient gradient);

  // The rank will push no more after this round if its update is in, else after
  // the last one. Repeatable.
  void Finish(uint32_t rank);

  // All expected updates are in, and at least one was expected.
  bool complete() const { return folded_ == ranks_.size() && taken_ > 0; }

  // Every update of the complete round was empty.
  bool empty() const { return dense_ ? dense_sum_.empty() : !any_sparse_; }
  // One optimizer step with the sum of the complete round, which is not empty.
  // Errors:  ResourceExhausted  the rows' budget; it can be tried again.
  absl::StatusOr<std::optional<NonFinite>> ApplyTo(ShardRows* rows, const Step& step);

  // The sum of a complete round, for tests: keys (sparse) and values [keys or rows, dim].
  // No values if every update was empty.
  absl::Span<const uint64_t> keys() const { return sparse_sum_.keys(); }
  absl::Span<const float> sum();

  // The first value of this round that was not finite, with the rank it came from;
  // it is not in the sum. Known after ApplyTo.
  struct Masked {
    uint32_t rank = 0;
    NonFinite at;
  };
  std::optional<Masked> masked() const;

  // Forgets the complete round. Memory is kept for the next one.
  void NextRound();

  // Bytes of the sums.
  uint64_t MemoryBytes() const;

 private:
  enum class State { kExpected, kTaken, kFinished };
  struct Slot {
    State state = State::kExpected;
    // kTaken: finished after this round.
    bool finishing = false;
    // Taken before its turn.
    Gradient waiting;
  };

  // Buffers an update that came before its turn.
  absl::Status Wait(Gradient gradient, Slot* slot);
  void FoldInTurn();
  // Adds the update of the rank whose turn it is to the sum.
  void Take(uint32_t rank, Gradient gradient);
  // Dense, and nobody is waited for any more: what comes now is folded while it is applied.
  bool defers() const { return dense_ && expected_ == 0; }
  void ReleaseDeferred();

  const bool dense_;
  const uint64_t first_row_;
  const uint32_t dim_;
  MemoryBudget* const budget_;

  std::vector<Slot> ranks_;
  // Ranks whose updates are not in yet.
  uint32_t expected_;
  uint32_t taken_ = 0;
  // Ranks before this one are folded or have finished.
  uint32_t folded_ = 0;
  DenseSum dense_sum_;
  // Of the budget, for what was buffered and is deferred now.
  uint64_t deferred_bytes_ = 0;
  bool any_sparse_ = false;
  SparseFold sparse_sum_;
  std::optional<Masked> sparse_masked_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROUND_AGGREGATOR_H_
