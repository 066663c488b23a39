#include "common/partition/rounds.h"

#include <algorithm>
#include <limits>

#include "common/check.h"

namespace paceline {

namespace {

// Without the sum of the usual (a + b - 1) / b, which may overflow.
uint64_t CeilDivide(uint64_t a, uint64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

}  // namespace

RoundPlan::RoundPlan(uint64_t records, uint64_t global_batch)
    : records_(records),
      global_batch_(global_batch),
      rounds_per_epoch_(CeilDivide(records, global_batch)) {}

EpochPositions RoundPlan::Round(uint64_t round) const {
  PL_CHECK_GT(rounds_per_epoch_, 0u) << "round " << round << " of no records";
  const uint64_t begin = round % rounds_per_epoch_ * global_batch_;
  return {round / rounds_per_epoch_, {begin, begin + std::min(global_batch_, records_ - begin)}};
}

EpochPositions RoundPlan::Share(uint64_t round, uint32_t rank, uint32_t ranks) const {
  EpochPositions all = Round(round);
  const PositionRange share = ShareOf(all.positions.size(), rank, ranks);
  return {all.epoch, {all.positions.begin + share.begin, all.positions.begin + share.end}};
}

uint64_t TotalRounds(uint64_t records, uint64_t global_batch, uint64_t epochs,
                     uint64_t iterations) {
  if (epochs == 0) return iterations;
  const uint64_t per_epoch = CeilDivide(records, global_batch);
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  const uint64_t rounds = per_epoch > kMax / epochs ? kMax : per_epoch * epochs;
  return iterations == 0 ? rounds : std::min(rounds, iterations);
}

}  // namespace paceline
