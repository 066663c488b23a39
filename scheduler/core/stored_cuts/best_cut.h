// Which cuts the evaluations of a job make precious.
//
//   the best       checkpoint.keep_best: of the best evaluation so far, before iteration r.
//                  bsp: the cut of round r, the very weights. ssp, asp: the first cut in which
//                  every rank has done r iterations. Where that cut was missed, none.
//   the next       the cut that would be the best, should the evaluation that is not heard
//                  yet be
//   to go on from  bsp, evaluation.patience: none that lies behind an evaluation that is not
//                  heard yet, so that it is made again
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_STORED_CUTS_BEST_CUT_H_
#define PACELINE_SCHEDULER_CORE_STORED_CUTS_BEST_CUT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/state.pb.h"

namespace paceline::scheduler {

// The kept cut of the best evaluation; 0: none.
uint64_t BestCut(const v1::JobRecord& job);

// Cuts that stay beside the newest ones.
std::vector<uint64_t> CutsForEvaluations(const v1::JobRecord& job);

// The iteration of the evaluation that must come next: only where training must not end
// later for one that was lost (bsp, evaluation.patience).
std::optional<uint64_t> OwedEvaluation(const v1::JobRecord& job);

// The kept cut that the job goes on from when it has lost its state; 0: from its beginning.
uint64_t CutToGoOnFrom(const v1::JobRecord& job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STORED_CUTS_BEST_CUT_H_
