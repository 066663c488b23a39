// Links between the tasks that play ranks and the servers that hold shards.
//
// Tasks say which servers they cannot reach. If the scheduler hears both ends, only
// the link is broken, and nothing that either holds is lost:
//
//   1. the rank moves to another worker with a free slot, which has not itself said
//      lately that it does not reach a server of the job. Nothing is rolled back
//      (but see task_loss.h), and no death is counted;
//   2. else, if no rank of the job reaches the server, and at least two workers have
//      said so, the server is cut off: its shards are placed on others, as if it
//      were lost (rollback.h);
//   3. else the rank waits, and the job's reason says for what.
//
// What a worker said is held against the link for `broken_link_memory`: ranks do not
// go to and fro. A node that is itself on its way to being lost decides nothing here,
// and while there is an alarm nothing is moved.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_NODES_LINKS_H_
#define PACELINE_SCHEDULER_CORE_NODES_LINKS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// The task of a rank has had no answer from a server for as long as a node may be
// silent.
struct BrokenLink {
  uint64_t worker = 0;
  uint64_t server = 0;
  absl::Duration time;
  // How the last call failed.
  std::string cause;
};

// Of the present task of a rank, as it last said itself; both ends are heard.
std::vector<BrokenLink> BrokenLinks(const View& view, const v1::JobRecord& job, uint32_t rank);

// Whether at least two live workers have said lately that they do not reach the server.
bool IsCutOff(const View& view, uint64_t server);

// Usable servers in the order of their ids, without those that are cut off if there are
// `at_least` others.
std::vector<const v1::NodeRecord*> ReachedServers(const View& view, size_t at_least);

// Whether the rank may move to the worker: another one, which has not said lately that it
// does not reach a server of the job.
bool MayPlay(const View& view, const v1::JobRecord& job, uint32_t rank,
             const v1::NodeRecord& worker);

// RankMoved for the first rank that case 1 is about; before it the job's way back.
void PlanMoves(const View& view, const v1::JobRecord& job, Decisions* out);

// Case 2: which server of the job is cut off, and from whom; empty if none is, or if
// there is no server that is not.
std::string CutOffServer(const View& view, const v1::JobRecord& job);

// Case 3, for people; empty if no rank waits for a link.
std::string LinkReason(const View& view, const v1::JobRecord& job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_NODES_LINKS_H_
