// How far the ranks of a job are, from what servers and tasks report, and what
// that means in samples.
//
// Iterations of a rank are those that every shard has applied: the smallest
// progress over the job's servers, or what the task knows to be acknowledged by
// all of them, whichever is heard to be more.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_RANKS_PROGRESS_H_
#define PACELINE_SCHEDULER_CORE_RANKS_PROGRESS_H_

#include <cstdint>
#include <vector>

#include "proto/state.pb.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

struct RankProgress {
  // Iterations applied everywhere.
  uint64_t iterations = 0;
  // The rank has no further iteration, and every server knows.
  bool finished = false;
};

// By rank; empty before tasks are assigned.
std::vector<RankProgress> ProgressOf(const View& view, const v1::JobRecord& job);

// Nominal samples of the first `iterations` iterations of a rank (bad records that
// were skipped count). 0 for jobs without records.
uint64_t NominalSamples(const v1::JobRecord& job, uint32_t rank, uint64_t iterations);

// Iterations of each rank from start to end; 0 if unknown. bsp: exact. ssp, asp: an
// estimate, since ranks share the records as they go, unless train.iterations says it, or
// training has been stopped.
uint64_t ExpectedIterations(const v1::JobRecord& job);

// Samples of the whole job from start to end; 0 if unknown.
uint64_t ExpectedSamples(const v1::JobRecord& job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_RANKS_PROGRESS_H_
