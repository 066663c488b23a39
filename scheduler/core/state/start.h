// What a job's shards start from: the job's own cuts once there are any, before that
// what its spec names (StartSpec): another cut, a file of weights, or nothing.
//
// Pure functions of a job's record.
#ifndef PACELINE_SCHEDULER_CORE_STATE_START_H_
#define PACELINE_SCHEDULER_CORE_STATE_START_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/node.pb.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

// Whether the ranks found the data that the job which took the cut had.
// Errors:  FailedPrecondition  names what differs.
absl::Status CheckStartFacts(const v1::JobRecord& job, const v1::TaskFacts& facts);

// What the shards of the job's map are to start from; nothing for initial values.
std::optional<v1::RestoreOrder> RestoreOf(const v1::JobRecord& job);

// "cut 12@3", or "cut /its/folder".
std::string CutText(const v1::StartPoint& start);

// FailedPrecondition: the cut was taken with something else than this job has.
absl::Status TakenOtherwise(const v1::StartPoint& start, absl::string_view what,
                            absl::string_view was, absl::string_view is);

// "cut 7", "cut 12@3", "/weights/of.safetensors" or nothing.
std::string StartText(const v1::JobRecord& job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_START_H_
