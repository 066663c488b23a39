#include "scheduler/core/plan.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/spec/cut_name.h"
#include "common/spec/defaults.h"
#include "common/spec/problem.h"
#include "common/spec/validate.h"
#include "common/status/status_macros.h"
#include "scheduler/core/admission/admission.h"
#include "scheduler/core/admission/tenant_limits.h"
#include "scheduler/core/lifecycle/cuts.h"
#include "scheduler/core/lifecycle/end_job.h"
#include "scheduler/core/lifecycle/ending.h"
#include "scheduler/core/lifecycle/facts.h"
#include "scheduler/core/lifecycle/failures.h"
#include "scheduler/core/lifecycle/placement.h"
#include "scheduler/core/lifecycle/restarts.h"
#include "scheduler/core/lifecycle/retention.h"
#include "scheduler/core/lifecycle/rollback.h"
#include "scheduler/core/nodes/drain.h"
#include "scheduler/core/nodes/links.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/nodes/memory.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/stored_cuts/cut_folder.h"

namespace paceline::scheduler {
namespace {

absl::Status CheckSize(absl::string_view what, size_t bytes, size_t limit) {
  if (bytes <= limit) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": at most ", limit, " bytes expected, got ", bytes));
}

absl::Status CheckLength(absl::string_view what, absl::string_view value, size_t limit) {
  return CheckSize(what, value.size(), limit);
}

absl::Status CheckNode(const View& view, const v1::HeartbeatRequest& request) {
  if (request.role() != v1::NODE_ROLE_SERVER && request.role() != v1::NODE_ROLE_WORKER) {
    return absl::InvalidArgumentError(
        absl::StrCat("role: server or worker expected, got ", static_cast<int>(request.role())));
  }
  if (request.address().empty()) {
    return absl::InvalidArgumentError("address: where others dial the node, got nothing");
  }
  if (request.slots() > kMaxSlots) {
    return absl::InvalidArgumentError(
        absl::StrCat("slots: at most ", kMaxSlots, " expected, got ", request.slots()));
  }
  if (request.version() != view.options.version) {
    return absl::FailedPreconditionError(
        absl::StrCat("version: this scheduler is ", view.options.version, ", the node at ",
                     request.address(), " is ", request.version(), "; all must be the same"));
  }
  const std::string& cluster_id = request.scheduler().cluster_id();
  if (!cluster_id.empty() && cluster_id != view.state.cluster_id()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cluster: this scheduler is of cluster ", view.state.cluster_id(), ", the node at ",
        request.address(), " belongs to ", cluster_id, "; restart it to let it join"));
  }
  return absl::OkStatus();
}

// At most one step of one job: the state after it decides the next.
void PlanJob(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (job.state() == v1::JOB_STATE_PENDING) return;
  Decisions step;
  PlanFailures(view, job, &step);
  if (step.empty()) PlanExits(view, job, &step);
  if (step.empty()) PlanRestarts(view, job, &step);
  if (step.empty()) PlanMoves(view, job, &step);
  if (step.empty()) PlanDrainMoves(view, job, &step);
  if (step.empty()) PlanRollback(view, job, &step);
  if (step.empty()) PlanFacts(view, job, &step);
  if (step.empty()) PlanPlacement(view, job, &step);
  if (step.empty()) PlanFinish(view, job, &step);
  if (step.empty()) PlanCuts(view, job, &step);
  if (step.empty()) PlanFinalCut(view, job, &step);
  for (v1::Update& update : step.updates) out->updates.push_back(std::move(update));
  for (Command& command : step.commands) out->commands.push_back(std::move(command));
}

}  // namespace

absl::Status PlanSubmit(const View& view, const v1::SubmitJobRequest& request,
                        absl::string_view owner, const std::optional<StartCut>& start,
                        Decisions* out) {
  PL_RETURN_IF_ERROR(CheckLength("request_id", request.request_id(), kMaxRequestIdBytes));
  PL_RETURN_IF_ERROR(CheckSize("spec", request.spec().ByteSizeLong(), kMaxSpecBytes));
  if (view.state.FindRequest(owner, request.request_id()) != nullptr) return absl::OkStatus();
  v1::JobSpec spec = WithDefaults(request.spec());
  PL_RETURN_IF_ERROR(ToStatus(Validate(spec)));
  if (view.state.active_jobs().size() >= view.options.max_active_jobs) {
    return absl::ResourceExhaustedError(absl::StrCat("at most ", view.options.max_active_jobs,
                                                     " jobs may wait or run; try again later"));
  }
  PL_RETURN_IF_ERROR(CheckTenantLimits(view, owner, spec));
  const uint64_t need = MemoryNeed(spec, v1::TaskFacts());
  if (std::string why = NeverFits(view, need, spec.resources().servers()); !why.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("the job ", why));
  }
  PL_RETURN_IF_ERROR(CheckNotBeingDeleted(view, spec));
  PL_ASSIGN_OR_RETURN(const std::optional<NamedCut> named, FindStartCut(view.state, spec));
  std::optional<v1::StartPoint> from;
  if (named.has_value()) {
    if (!start.has_value() || start->name.dir != named->dir) {
      return absl::AbortedError(
          absl::StrCat("start.cut: ", spec.start().cut(), " has changed meanwhile; try again"));
    }
    PL_ASSIGN_OR_RETURN(from, PlanStart(spec, *start));
    // "JOB" was the newest then.
    if (named->job_id != 0) {
      spec.mutable_start()->set_cut(CutNameText(named->job_id, named->cut_id));
    }
  }
  const uint64_t job_id = view.state.next_job_id();
  v1::JobSubmitted* submitted = out->Add(view.now).mutable_job_submitted();
  submitted->set_job_id(job_id);
  submitted->set_request_id(request.request_id());
  submitted->set_owner(std::string(owner));
  submitted->set_checkpoint_dir(
      CutsDir(spec, view.options.data_dir, view.state.cluster_id(), job_id));
  *submitted->mutable_spec() = std::move(spec);
  if (from.has_value()) *submitted->mutable_start() = *std::move(from);
  return absl::OkStatus();
}

absl::Status PlanCancel(const View& view, const v1::CancelJobRequest& request, Decisions* out) {
  PL_RETURN_IF_ERROR(CheckLength("request_id", request.request_id(), kMaxRequestIdBytes));
  PL_RETURN_IF_ERROR(CheckLength("reason", request.reason(), kMaxReasonBytes));
  const v1::JobRecord* job = view.state.FindJob(request.job_id());
  if (job == nullptr) {
    return absl::NotFoundError(absl::StrCat("job ", request.job_id(), " does not exist"));
  }
  if (HasEnded(job->state())) return absl::OkStatus();
  const std::string reason = request.reason().empty() ? "cancelled by a user" : request.reason();
  v1::CancelRequested* cancel = out->Add(view.now).mutable_cancel_requested();
  cancel->set_job_id(request.job_id());
  cancel->set_request_id(request.request_id());
  cancel->set_reason(reason);
  EndJob(view, *job, JobTrigger::kCancel, reason, out);
  return absl::OkStatus();
}

absl::Status PlanHeartbeat(const View& view, const v1::HeartbeatRequest& request, Decisions* out) {
  PL_RETURN_IF_ERROR(CheckNode(view, request));
  const v1::NodeRecord* known = view.state.FindNode(request.role(), request.address());
  if (known != nullptr && !known->lost() && known->process_nonce() == request.process_nonce()) {
    return absl::OkStatus();
  }
  if (known == nullptr && view.state.nodes().size() >= kMaxNodes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("at most ", kMaxNodes, " nodes may be registered"));
  }
  v1::NodeRegistered* node = out->Add(view.now).mutable_node_registered();
  node->set_node_id(known == nullptr ? view.state.next_node_id() : known->node_id());
  if (known == nullptr) {
    node->set_incarnation(1);
  } else {
    // The same process, heard again after it was given up, is who it was.
    const bool same = known->process_nonce() == request.process_nonce();
    node->set_incarnation(known->incarnation() + (same ? 0 : 1));
  }
  node->set_role(request.role());
  node->set_address(request.address());
  node->set_http_address(request.http_address());
  node->set_hostname(request.hostname());
  node->set_version(request.version());
  node->set_process_nonce(request.process_nonce());
  node->set_slots(request.slots());
  return absl::OkStatus();
}

void PlanNext(const View& view, Decisions* out) {
  PlanLiveness(view, out);
  if (!out->updates.empty()) return;
  for (const uint64_t job_id : view.state.active_jobs()) {
    PlanJob(view, *view.state.FindJob(job_id), out);
    // The next placement is to see the load of this one.
    if (!out->updates.empty() &&
        (out->updates.back().has_shards_placed() || out->updates.back().has_tasks_assigned() ||
         out->updates.back().has_rank_moved())) {
      return;
    }
  }
  if (!out->updates.empty()) return;
  PlanAdmission(view, out);
  PlanRetention(view, out);
}

}  // namespace paceline::scheduler
