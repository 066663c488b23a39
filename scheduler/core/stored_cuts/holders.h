// Replicated cuts (checkpoint.replicas): which servers keep which files.
//
//   written    every server of the job has the files of its shards
//   sealed     the manifest says who else is to keep them; all holders are told
//   committed  all holders have said that what they keep is durable and verified
//
// A file is kept by the server that wrote it and by the next ones in the order of the
// job's map, and where that has too few servers, by others that are live. A server that
// is about to go is given nothing but what it wrote itself.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_STORED_CUTS_HOLDERS_H_
#define PACELINE_SCHEDULER_CORE_STORED_CUTS_HOLDERS_H_

#include <string>
#include <vector>

#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

bool IsReplicated(const v1::JobRecord& job);

// The cut is sealed and not yet committed.
bool IsSealed(const v1::CutRecord& cut);

// Names the servers that keep each file in the manifest of the job's cut. Its files are
// in the order of the job's shards.
void NameHolders(const View& view, const v1::JobRecord& job, v1::CutManifest* manifest);

// The servers that the manifest names, as they are now.
std::vector<v1::ShardServer> HoldersOf(const View& view, const v1::CutManifest& manifest);

// Of the job's sealed cut: addresses of the holders that have not finished, and why one
// of them never will; empty if all may.
std::vector<std::string> HoldersNotDone(const View& view, const v1::JobRecord& job);
std::string HolderFailed(const View& view, const v1::JobRecord& job);

// What a server is to keep of cuts in flight, and to remove of those that are no longer
// kept.
void HoldOrders(const View& view, const v1::NodeRecord& node, v1::HeartbeatResponse* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STORED_CUTS_HOLDERS_H_
