// What a job has been through, for people.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_STATE_JOB_EVENT_H_
#define PACELINE_SCHEDULER_CORE_STATE_JOB_EVENT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

// Events kept per job; older ones are dropped.
inline constexpr int kMaxJobEvents = 100;

void AddEvent(v1::JobRecord* job, int64_t time_ms, absl::string_view kind, std::string message);

// FailedPrecondition that names the job and its state.
absl::Status JobError(const v1::JobRecord& job, absl::string_view what);

// JobError if the job has ended.
absl::Status CheckLive(const v1::JobRecord& job, absl::string_view what);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_JOB_EVENT_H_
