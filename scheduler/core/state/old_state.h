// What a scheduler does that was told to go on from an older state than the one its
// nodes have seen (--accept-old-state, after a restore of an older backup).
//
// Every number that names something - jobs, nodes, incarnations, timelines, epochs,
// cuts - was given out by a journal entry of its own, so none is greater than the
// index of the journal that gave it. A state whose journal index and numbers all lie
// beyond the index that was seen can therefore name nothing that was named already,
// on whatever history that the nodes come from.
//
// Thread-safe: a pure function.
#ifndef PACELINE_SCHEDULER_CORE_STATE_OLD_STATE_H_
#define PACELINE_SCHEDULER_CORE_STATE_OLD_STATE_H_

#include "proto/node.pb.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

// The state moved beyond `seen`, the scheduler that a node has heard: journal index,
// generation and all numbers grow past it. Nodes count as lost, as after a power cut:
// when they are heard again, jobs that run get new tasks and go back to their last
// cut, or to the beginning, on a timeline of its own. Jobs that have ended stay.
v1::StateSnapshot MovePast(const v1::SchedulerIdentity& seen, v1::StateSnapshot state);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_OLD_STATE_H_
