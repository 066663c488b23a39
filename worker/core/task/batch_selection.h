// Which records make an iteration of this rank, and how many iterations it has.
//
//   bsp        a function of the round; known from the start
//   ssp, asp   what the scheduler has granted; grows until the grants are complete
//   no data    `train.iterations` iterations without records
//
// (rank, iteration) -> records never changes. Positions are places in the record
// order of an epoch, not record numbers.
#ifndef PACELINE_WORKER_CORE_TASK_BATCH_SELECTION_H_
#define PACELINE_WORKER_CORE_TASK_BATCH_SELECTION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/partition/rounds.h"
#include "common/spec/flush_schedule.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline::worker {

// One iteration of a rank.
struct IterationBatch {
  EpochPositions share;
  // Samples that the gradient's mean is taken over: bsp: of the whole round; ssp,
  // asp: of the share. 0 for a model without data.
  uint64_t divisor = 0;
  // The push carries all that compression has left behind (common/spec/flush_schedule.h).
  bool flush = false;
};

// Thread-compatible.
class BatchSelection {
 public:
  // `spec` has its defaults. `records` is 0 for a model without data.
  BatchSelection(const v1::JobSpec& spec, uint32_t rank, uint32_t ranks, uint64_t records);

  // Iterations [0, available()) are known.
  uint64_t available() const { return available_; }
  // There will be no more.
  bool complete() const { return complete_; }

  // The records of `iteration`, or nothing while it is not available.
  std::optional<IterationBatch> At(uint64_t iteration) const;

  // `iteration` is the last one known of its epoch for this rank.
  bool EndsPass(uint64_t iteration) const;

  // Whether batches come from grants.
  bool uses_grants() const { return uses_grants_; }
  uint32_t grants_held() const { return static_cast<uint32_t>(grants_.size()); }

  // Appends what the scheduler sent: grants from number grants_held() on. Those
  // that are held already are skipped.
  // Errors:  InvalidArgument  a grant that does not follow, or none were due.
  absl::Status AddGrants(absl::Span<const v1::Grant> grants, bool complete);

  // There are no iterations from `iterations` on.
  void StopAt(uint64_t iterations);

  // How many iterations from 0 on the rank wants to hold, being at `iteration` and
  // doing `iterations_per_second` (0: unknown): enough for 120 seconds, at least
  // 8. 0 when it has enough or there are no more.
  uint64_t IterationsWanted(uint64_t iteration, double iterations_per_second) const;

 private:
  const uint32_t rank_;
  const uint32_t ranks_;
  const uint64_t records_;
  const uint64_t batch_;
  const RoundPlan rounds_;
  const FlushSchedule flushes_;
  // 0: no cap.
  uint64_t iterations_cap_;
  bool uses_grants_ = false;
  uint64_t available_ = 0;
  bool complete_ = false;
  std::vector<v1::Grant> grants_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_BATCH_SELECTION_H_
