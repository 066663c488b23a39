// Under bsp: which records make a round, as a function of the round alone.
//
// Round r belongs to epoch r / R, where R = ceil(records / global_batch), and
// covers positions [i*G, min((i+1)*G, N)) of that epoch's record order, where
// i = r % R, G = global_batch and N = records: the last round of an epoch may be
// short. The number of ranks only divides a round, it never moves its borders.
#ifndef PACELINE_COMMON_PARTITION_ROUNDS_H_
#define PACELINE_COMMON_PARTITION_ROUNDS_H_

#include <cstdint>

#include "common/partition/shares.h"

namespace paceline {

// Positions in the record order of one epoch.
struct EpochPositions {
  uint64_t epoch = 0;
  PositionRange positions;

  friend bool operator==(const EpochPositions&, const EpochPositions&) = default;
};

// Immutable.
class RoundPlan {
 public:
  // `global_batch` > 0. A data set of 0 records has no rounds.
  RoundPlan(uint64_t records, uint64_t global_batch);

  uint64_t rounds_per_epoch() const { return rounds_per_epoch_; }

  // All positions of a round; records > 0. Its size is the nominal sample count
  // of the round, the divisor of bsp gradients.
  EpochPositions Round(uint64_t round) const;

  // The share of `rank` in a round; may be empty.
  EpochPositions Share(uint64_t round, uint32_t rank, uint32_t ranks) const;

 private:
  uint64_t records_;
  uint64_t global_batch_;
  uint64_t rounds_per_epoch_;
};

// Rounds of a bsp job: `epochs` passes over the records, at most `iterations`
// rounds; 0 means that no such limit is given. With epochs = 0 it is `iterations`.
// Saturates at 2^64 - 1.
uint64_t TotalRounds(uint64_t records, uint64_t global_batch, uint64_t epochs, uint64_t iterations);

}  // namespace paceline

#endif  // PACELINE_COMMON_PARTITION_ROUNDS_H_
