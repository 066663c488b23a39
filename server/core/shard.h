// One shard of a job: its rows, who has pushed what, and who may read.
//
// Push(rank, t) with p = the rank's progress here:
//   t < p   acknowledged without effect (a duplicate)
//   t = p   applied on arrival (SSP, ASP), or folded into round t (BSP), which is
//           applied once every unfinished rank is in
//   t > p   OUT_OF_ORDER
// An update is checked before it comes here (gradient.h); it is taken whole or not
// at all. Under BSP a shard takes round t+1 only after it has applied round t.
// An update without values takes no optimizer step; rows with a limit of age grow older by it.
//
// Under BSP a cut is armed for the state after a round: the update that completes the
// round copies the shard, and nothing waits for it.
//
// Reads that are not admitted park a ticket, a number of the caller's choice;
// whoever admits it gets the number back.
//
// Thread-safe: one lock. Nothing here waits.
#ifndef PACELINE_SERVER_CORE_SHARD_H_
#define PACELINE_SERVER_CORE_SHARD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/sync.h"
#include "proto/node.pb.h"
#include "server/core/consistency_controller.h"
#include "server/core/delta_bases.h"
#include "server/core/gradient.h"
#include "server/core/payload.h"
#include "server/core/round_aggregator.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/rows/non_finite.h"
#include "server/core/shard_rows.h"
#include "server/core/staleness.h"

namespace paceline::server {

// A shard as a cut stores it.
struct ShardSnapshot {
  RowsSnapshot rows;
  // Iterations of each rank that the rows contain.
  std::vector<uint64_t> progress;
  std::vector<bool> finished;
  // Optimizer steps applied to the shard.
  uint64_t steps = 0;
};

// What went through a shard since it was opened.
struct ShardTraffic {
  // Updates taken that were not empty, and the bytes of their values and keys.
  uint64_t pushes = 0;
  uint64_t pushed_bytes = 0;
  // Reads, but for those of pins, and the bytes of their rows as float32.
  uint64_t pulls = 0;
  uint64_t pulled_bytes = 0;
};

// What became of keys of a sparse shard.
struct SparseCounts {
  // Since it was opened: rows that pushes created, rows that were evicted.
  uint64_t created = 0;
  uint64_t evicted = 0;
  // Keys that wait to be admitted.
  uint64_t waiting = 0;
};

class Shard {
 public:
  struct Options {
    v1::TableSpec table;
    v1::ShardSpec shard;
    uint32_t ranks = 1;
    ConsistencyPolicy policy;
    uint64_t seed = 0;
    // Factor on the learning rate by rank (SSP, ASP). Empty: 1 for all.
    std::vector<double> rank_share;
    // Rows, slots and sums. Outlives the shard.
    MemoryBudget* memory = nullptr;
    // Updates that wait for their round. Outlives the shard.
    MemoryBudget* fold = nullptr;
  };

  // Errors:  as ShardRows::Create.
  static absl::StatusOr<std::unique_ptr<Shard>> Create(Options options);
  // A shard that goes on from a cut.
  // Errors:  as Create; DataLoss  the cut is of another shape or number of ranks, or
  //          under BSP not the state between two rounds.
  static absl::StatusOr<std::unique_ptr<Shard>> Restore(Options options, ShardSnapshot state);
  ~Shard();

  const v1::TableSpec& table() const { return options_.table; }
  const v1::ShardSpec& spec() const { return options_.shard; }

  // A newer incarnation plays the rank from now on: pushes of older ones are
  // refused, even those that passed an earlier check.
  struct RankState {
    // Iterations taken from the rank.
    uint64_t progress = 0;
    bool finished = false;
  };
  RankState OpenRank(uint32_t rank, uint64_t incarnation);

  struct Pushed {
    bool duplicate = false;
    // Parked tickets that are admitted now.
    std::vector<uint64_t> released;
    // A value that was not finite and was left out, and the rank it came from
    // (none: the step of a round overflowed, the sum is everybody's).
    struct NonFiniteValue {
      std::optional<uint32_t> rank;
      uint64_t iteration = 0;
      NonFinite at;
    };
    std::optional<NonFiniteValue> non_finite;
    // The armed cut's round is complete: TakeCut has the copy.
    bool cut_reached = false;
  };

  // Errors:  STALE_INCARNATION, OUT_OF_ORDER as above.
  //          NOT_YET  BSP: the round before is not complete, or the budget of
  //                   updates that wait for their round is full.
  //          LIMIT    no memory for the rows.
  //          INVALID  the rank has finished.
  absl::StatusOr<Pushed> Push(uint32_t rank, uint64_t incarnation, uint64_t t, Gradient gradient);

  // The rank has pushed `iterations` in all and leaves the minimum.
  // Errors:  as Push; OUT_OF_ORDER also if it has pushed more.
  absl::StatusOr<Pushed> Finish(uint32_t rank, uint64_t incarnation, uint64_t iterations);

  // True: the rank may read for iteration t. False: `ticket` is parked.
  // Errors:  OUT_OF_ORDER  BSP: the state after round t-1 is no longer held.
  absl::StatusOr<bool> AdmitOrPark(uint32_t rank, uint64_t t, uint64_t ticket);
  // Forgets a parked ticket, if it is parked here.
  void Unpark(uint64_t ticket);
  // NOT_YET with the reason and the slowest rank.
  absl::Status WhyNot(uint32_t rank, uint64_t t) const;

  struct Rows {
    uint64_t rows = 0;
    // Smallest progress of an unfinished rank; BSP: t.
    uint64_t version = 0;
    Piece bytes;
  };
  // Reads after AdmitOrPark said yes. `keys`: sparse, ascending and distinct.
  // Errors:  OUT_OF_ORDER as AdmitOrPark; LIMIT: no memory for the reply.
  absl::StatusOr<Rows> Read(uint32_t rank, uint64_t t, absl::Span<const uint64_t> keys);

  // All rows of a dense shard, and those that the rank has, if they are the state that
  // `base` names (PullBlock.base) and are still held. What it reads becomes its base.
  // Errors:  as Read.
  struct DeltaRows {
    Rows rows;
    // To be named as a base later.
    uint64_t state = 0;
    std::optional<Piece> base;
  };
  absl::StatusOr<DeltaRows> ReadForDelta(uint32_t rank, uint64_t t, uint64_t base);

  // Holds the present rows readable under `pin`; BSP: those that the rank reads for
  // iteration t.
  // Errors:  LIMIT, INVALID (no such pin); BSP: NOT_YET  the round before t is not complete,
  //          OUT_OF_ORDER as AdmitOrPark.
  absl::Status Pin(uint64_t pin, uint32_t rank, uint64_t t);
  void Unpin(uint64_t pin);
  absl::StatusOr<Rows> ReadPinned(uint64_t pin, absl::Span<const uint64_t> keys) const;

  // A copy that a cut can write later, whose progress says what the rows contain.
  // Errors:  ResourceExhausted   the budget.
  //          FailedPrecondition  an earlier copy is still held.
  absl::StatusOr<ShardSnapshot> Snapshot();

  // BSP: arms a copy of the state after `round` rounds in place of the one before.
  // True: that is the state now, and the copy is there.
  // Errors:  OutOfRange  the round has passed.
  absl::StatusOr<bool> ArmCut(uint64_t cut, uint64_t round);
  // The copy of the armed cut, once. Nothing: its round is not complete.
  // Errors:  as Snapshot; Cancelled  another cut is armed, or none.
  absl::StatusOr<std::optional<ShardSnapshot>> TakeCut(uint64_t cut);
  // Drops the cut if it is the one that is armed.
  void DisarmCut(uint64_t cut);

  struct Stats {
    std::vector<uint64_t> progress;
    std::vector<bool> finished;
    uint64_t bytes = 0;
    // Present: all of a dense shard, those that are there of a sparse one.
    uint64_t rows = 0;
    // Nothing for a dense one.
    std::optional<SparseCounts> sparse;
    // Tickets that wait here.
    uint64_t parked = 0;
    ShardTraffic traffic;
    Staleness staleness;
  };
  Stats GetStats() const;

 private:
  Shard(Options options, ShardRows rows, uint64_t sum_bytes, const ShardSnapshot* state);

  static absl::StatusOr<std::unique_ptr<Shard>> New(Options options, ShardRows rows,
                                                    const ShardSnapshot* state);
  absl::StatusOr<ShardSnapshot> SnapshotLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Copies the shard if this is the state that the armed cut is of.
  bool ReachCut() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  absl::Status CheckIncarnation(uint32_t rank, uint64_t incarnation) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status ApplyOnArrival(uint32_t rank, uint64_t t, const Gradient& gradient, Pushed* pushed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status ApplyRoundIfComplete(Pushed* pushed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::vector<uint64_t> Release() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CountPush(uint32_t rank, uint64_t t, uint64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Gone(uint64_t t) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status WhyNotLocked(uint32_t rank, uint64_t t) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Rows> ReadLocked(uint32_t rank, uint64_t t, absl::Span<const uint64_t> keys)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Rows RowsOf(Piece bytes, uint64_t version) const;

  struct ArmedCut {
    uint64_t cut = 0;
    uint64_t round = 0;
    // Once the round is complete.
    std::optional<absl::StatusOr<ShardSnapshot>> copy;
  };

  struct Waiter {
    uint64_t ticket = 0;
    uint32_t rank = 0;
    uint64_t t = 0;
  };

  const Options options_;
  // Taken from the budget beside the rows.
  const uint64_t sum_bytes_;
  mutable Mutex mu_;
  ShardRows rows_ ABSL_GUARDED_BY(mu_);
  ConsistencyController controller_ ABSL_GUARDED_BY(mu_);
  // BSP only.
  std::optional<RoundAggregator> round_ ABSL_GUARDED_BY(mu_);
  uint64_t steps_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<uint64_t> incarnations_ ABSL_GUARDED_BY(mu_);
  // Version that each rank read last, plus one; 0: none.
  std::vector<uint64_t> read_versions_ ABSL_GUARDED_BY(mu_);
  DeltaBases delta_bases_ ABSL_GUARDED_BY(mu_);
  std::vector<Waiter> waiters_ ABSL_GUARDED_BY(mu_);
  ShardTraffic traffic_ ABSL_GUARDED_BY(mu_);
  Staleness staleness_ ABSL_GUARDED_BY(mu_);
  std::optional<ArmedCut> armed_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_SHARD_H_
