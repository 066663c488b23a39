// What each user may have at a time, so that nobody takes the cluster from the others.
//
//   refused at submission   max_active_jobs, max_queued_jobs, max_job_ranks,
//                           max_tables_bytes, max_submits_per_minute (submit_rate.h), and
//                           what alone is beyond max_workers or max_server_memory
//   made to wait            max_workers, max_server_memory: the job is passed over in the
//                           queue until the user's own jobs make room; it holds up nobody
//
// A user is the owner of jobs (access.h); all jobs without one are one user's together.
// Bytes are what servers need for a job's tables, optimizer state included (memory.h); of a
// job whose data say how large its tables are they are known, and count, once its ranks have
// read them.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_ADMISSION_TENANT_LIMITS_H_
#define PACELINE_SCHEDULER_CORE_ADMISSION_TENANT_LIMITS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Whether the owner may submit a job of this spec, defaults filled in.
// Errors:  ResourceExhausted  names limit, value, owner and file.
absl::Status CheckTenantLimits(const View& view, absl::string_view owner, const v1::JobSpec& spec);

// Why a job waits for its owner's other jobs ("alice has 8 of 8 workers in use
// (max_workers)"); empty if it need not.
std::string TenantShortage(const View& view, const v1::JobRecord& job);

// Why a job that has read its data is beyond what its owner may ever have; empty if not.
std::string BeyondTenantLimits(const View& view, const v1::JobRecord& job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_ADMISSION_TENANT_LIMITS_H_
