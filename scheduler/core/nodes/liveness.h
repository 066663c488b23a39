// Who is there: silence, loss, and the suspicion of being cut off oneself.
//
// A node is silent when nothing was heard of it for `silent_heartbeats` intervals,
// counted at the earliest from the scheduler's own start, and at least
// PlanOptions::start_grace until it is heard for the first time from then on. So is a
// task, while its node speaks, counted at the earliest from the end of its node's last
// silence: it hangs or was stopped. Losing a node or a task only says when to
// act; nothing safe rests on it.
//
// If more than half of a cluster of at least four nodes falls silent at once, the
// scheduler suspects its own network: nobody is declared lost until enough are
// heard again (the alarm), and silence counts anew from then on.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_NODES_LIVENESS_H_
#define PACELINE_SCHEDULER_CORE_NODES_LIVENESS_H_

#include <string>
#include <vector>

#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// "worker 3 (10.0.0.7:7072)".
std::string NodeName(const v1::NodeRecord& node);

// Time since the node was last known to listen.
absl::Duration Silence(const View& view, const v1::NodeRecord& node);

// Neither lost nor silent.
bool IsLive(const View& view, const v1::NodeRecord& node);

// Live, and not on its way to being lost: heard within half the silence that a node
// is allowed.
bool IsHeard(const View& view, const v1::NodeRecord& node);

// An operator drains it, or it has said that it is about to end.
bool IsLeaving(const View& view, const v1::NodeRecord& node);

// Live, heard by this scheduler in its present incarnation, and not leaving: new work
// may go there.
bool IsUsable(const View& view, const v1::NodeRecord& node);

// Why work given to an incarnation of a node is gone ("worker 3 (10.0.0.7:7072) was
// restarted"); empty if it is not.
std::string NodeGone(const View& view, uint64_t node_id, uint64_t incarnation);

// How long the present task of a rank has not spoken, as it counts against it:
// zero while its node is not live either, or this scheduler may be cut off.
absl::Duration TaskSilence(const View& view, const v1::JobRecord& job, uint32_t rank);

// Silence after which the present task of a rank counts as lost. One that has not
// spoken since silence counts has longer: it is starting, or connects again.
absl::Duration TaskSilenceLimit(const View& view, const v1::JobRecord& job, uint32_t rank);

// Usable nodes of a role, in the order of their ids.
std::vector<const v1::NodeRecord*> UsableNodes(const View& view, v1::NodeRole role);

// Why nobody is declared lost right now; empty if there is no alarm.
std::string Alarm(const View& view);

// NodeLost for the silent, unless there is an alarm; NodeForgotten for those that
// were lost long ago, hold nothing and are not drained.
void PlanLiveness(const View& view, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_NODES_LIVENESS_H_
