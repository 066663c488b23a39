// Which ranks hold up the others: their own computing time against that of the rest.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_OBSERVED_STRAGGLER_H_
#define PACELINE_SCHEDULER_CORE_OBSERVED_STRAGGLER_H_

#include <vector>

#include "proto/cluster.pb.h"

namespace paceline::scheduler {

// Fills in straggler_score of each rank from its step_seconds and wait_seconds:
//
//   (step - wait) / median of (step - wait) over the ranks that report one
//
// The lower of two medians, so that of two ranks the slower one stands out. 0 for a rank
// that reports no time yet.
void ScoreStragglers(google::protobuf::RepeatedPtrField<v1::RankStatus>* ranks);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_OBSERVED_STRAGGLER_H_
