// Whom a job waits for, read off state and reports.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_RANKS_WAITING_H_
#define PACELINE_SCHEDULER_CORE_RANKS_WAITING_H_

#include <cstdint>
#include <vector>

#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Ranks whose present task has not reported its facts.
std::vector<uint32_t> RanksWithoutFacts(const View& view, const v1::JobRecord& job);

// Ranks of a job that has started which lost their task and wait for a slot.
std::vector<uint32_t> RanksWithoutTask(const v1::JobRecord& job);

// Servers of the job's map that do not serve it on its timeline and epoch, as
// indexes into map.servers.
std::vector<int> ServersNotServing(const View& view, const v1::JobRecord& job);

// Servers of the map that have not written the job's cut, as indexes into map.servers.
std::vector<int> ServersNotCut(const View& view, const v1::JobRecord& job);

// What a server, an index into map.servers, says of the cut that is ordered; null
// if nothing yet.
const v1::CutReport* FindCutReport(const View& view, const v1::JobRecord& job, int server);

// Whether every task and server of a placed job was heard by this scheduler: only
// then its summary is whole.
bool AllHeard(const View& view, const v1::JobRecord& job);

// Whether rank 0 evaluates the final parameters.
bool NeedsFinalEval(const v1::JobRecord& job);

// Whether all that the job still needs is in its final cut: it is committed, and
// evaluated where that was asked for.
bool NeedsNoServers(const v1::JobRecord& job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_RANKS_WAITING_H_
