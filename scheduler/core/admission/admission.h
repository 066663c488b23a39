// Who may start: first in, first out, all ranks of a job together.
//
// The oldest pending job starts as soon as its ranks find free slots and enough
// servers are live; until then it holds back those behind it, so that a wide job
// is not starved by narrow ones. A job that waits for its owner's other jobs alone
// (tenant_limits.h) is passed over.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_ADMISSION_ADMISSION_H_
#define PACELINE_SCHEDULER_CORE_ADMISSION_ADMISSION_H_

#include <string>

#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Why a pending job does not start ("needs 8 workers, 3 free", "waits for job 4", and what
// SlotShortage and TenantShortage say); empty if nothing holds it back. Counts are slots.
std::string PendingReason(const View& view, const v1::JobRecord& job);

// Starts the oldest pending job, if it can: TasksAssigned and PLACING. Which slots the
// ranks get: job_device.h.
void PlanAdmission(const View& view, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_ADMISSION_ADMISSION_H_
