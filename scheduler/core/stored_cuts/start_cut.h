// The cut of another job that a new one is to go on from (StartSpec.cut).
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_STORED_CUTS_START_CUT_H_
#define PACELINE_SCHEDULER_CORE_STORED_CUTS_START_CUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/cluster_state.h"

namespace paceline::scheduler {

// A cut that a spec names, as far as the state knows it.
struct NamedCut {
  // 0: named by its folder.
  uint64_t job_id = 0;
  uint64_t cut_id = 0;
  std::string dir;
  // Empty: not known.
  std::string manifest_xxh3;
  // RestoreOrder.holders
  google::protobuf::RepeatedPtrField<std::string> holders;
};

// A cut and its manifest, read.
struct StartCut {
  NamedCut name;
  v1::CutManifest manifest;
};

// The cut that `spec` names; nothing if it names none.
// Errors:  InvalidArgument     not the name of a cut.
//          NotFound            no such job, or cut: names those that there are.
absl::StatusOr<std::optional<NamedCut>> FindStartCut(const ClusterState& state,
                                                     const v1::JobSpec& spec);

// Where a job of this spec, defaults filled in, goes on from the cut. `from.name` has
// the manifest's hash.
// Errors:  FailedPrecondition  the cut was taken by a job that trained otherwise: names
//                              the first field, what it was and what it is.
absl::StatusOr<v1::StartPoint> PlanStart(const v1::JobSpec& spec, const StartCut& from);

// Whether a path, as it is written, is or leads into the folder of the job's cuts.
bool IsCutOf(absl::string_view path, const v1::JobRecord& job);

// Jobs that have no cut of their own yet and start from one of this job.
std::vector<uint64_t> JobsStartingFrom(const ClusterState& state, const v1::JobRecord& job);

// Whether another job that has no cut of its own yet starts from this one.
bool IsPinned(const ClusterState& state, uint64_t job_id, uint64_t cut_id);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STORED_CUTS_START_CUT_H_
