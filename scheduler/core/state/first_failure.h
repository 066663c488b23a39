// Which failure came first: of the tasks that died and whose ranks have not gone on since,
// the earliest.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_STATE_FIRST_FAILURE_H_
#define PACELINE_SCHEDULER_CORE_STATE_FIRST_FAILURE_H_

#include "proto/cluster.pb.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

using RankStatuses = google::protobuf::RepeatedPtrField<v1::RankStatus>;

// The first death in the chain of a rank whose task died as the update says.
v1::FirstFailure DeathOf(const v1::TaskExited& update, int64_t time_ms);

// `ranks`: where the ranks are. Null if no task has died, or all ranks have gone on: they
// finished, or are past the iteration at which they died.
const v1::FirstFailure* FindFirstFailure(const v1::JobRecord& job, const RankStatuses& ranks);

// For the record of a job that ends: what it keeps of its ranks' deaths.
void KeepFirstFailure(const v1::JobEnded& update, v1::JobRecord* job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_FIRST_FAILURE_H_
