#include "scheduler/core/admission/admission.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduler/core/admission/tenant_limits.h"
#include "scheduler/core/nodes/job_device.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/nodes/memory.h"
#include "scheduler/core/nodes/slots.h"

namespace paceline::scheduler {
namespace {

// The oldest job that waits for slots, and not for its owner's own; null if none does.
const v1::JobRecord* HeadOfQueue(const View& view) {
  for (const uint64_t job_id : view.state.active_jobs()) {
    const v1::JobRecord& job = *view.state.FindJob(job_id);
    if (job.state() == v1::JOB_STATE_PENDING && TenantShortage(view, job).empty()) return &job;
  }
  return nullptr;
}

// Why the head of the queue does not start.
std::string Shortage(const View& view, const v1::JobRecord& job) {
  const v1::ResourceSpec& needs = job.spec().resources();
  std::string reason = StartShortage(view, job);
  const size_t servers = UsableNodes(view, v1::NODE_ROLE_SERVER).size();
  if (needs.servers() > servers) {
    absl::StrAppend(&reason, reason.empty() ? "" : "; ", "needs ", needs.servers(), " servers, ",
                    servers, " live");
  }
  if (std::string memory = NoMemory(view, job, needs.servers()); !memory.empty()) {
    absl::StrAppend(&reason, reason.empty() ? "" : "; ", memory);
  }
  return reason;
}

}  // namespace

std::string PendingReason(const View& view, const v1::JobRecord& job) {
  if (job.state() != v1::JOB_STATE_PENDING) return "";
  if (std::string own = TenantShortage(view, job); !own.empty()) return own;
  const v1::JobRecord* head = HeadOfQueue(view);
  if (head == nullptr) return "";
  if (head->job_id() != job.job_id()) return absl::StrCat("waits for job ", head->job_id());
  return Shortage(view, job);
}

void PlanAdmission(const View& view, Decisions* out) {
  const v1::JobRecord* job = HeadOfQueue(view);
  if (job == nullptr || !Shortage(view, *job).empty()) return;
  v1::TasksAssigned* assigned = out->Add(view.now).mutable_tasks_assigned();
  assigned->set_job_id(job->job_id());
  const JobSlots found = SlotsToStart(view, *job);
  assigned->set_device(found.device);
  assigned->set_gpu_name(found.gpu_name);
  for (const Slot& slot : found.slots) {
    const auto rank = static_cast<uint32_t>(assigned->tasks_size());
    *assigned->add_tasks() = AssignTask(rank, /*incarnation=*/1, slot);
  }
  v1::JobStateChanged* changed = out->Add(view.now).mutable_job_state_changed();
  changed->set_job_id(job->job_id());
  changed->set_state(v1::JOB_STATE_PLACING);
}

}  // namespace paceline::scheduler
