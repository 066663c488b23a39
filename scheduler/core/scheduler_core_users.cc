// The half of SchedulerCore that people call: who may do what is access.h.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "scheduler/core/admission/access.h"
#include "scheduler/core/lifecycle/cuts.h"
#include "scheduler/core/lifecycle/retention.h"
#include "scheduler/core/nodes/drain.h"
#include "scheduler/core/plan.h"
#include "scheduler/core/scheduler_core.h"
#include "scheduler/core/views/cluster_view.h"
#include "scheduler/core/views/job_rows.h"
#include "scheduler/core/views/job_view.h"

namespace paceline::scheduler {
namespace {

// Jobs in one page of a list.
constexpr uint32_t kDefaultPage = 1000;

}  // namespace

absl::Status SchedulerCore::MayChange(const paceline::Identity& caller, uint64_t job_id) const {
  const v1::JobRecord* job = state_.FindJob(job_id);
  return job == nullptr ? absl::OkStatus() : CheckChange(caller, *job);
}

void SchedulerCore::SetLimits(LimitTable limits) {
  options_.plan.limits = std::move(limits);
  // What jobs wait for may be another thing.
  ++state_version_;
}

absl::StatusOr<std::optional<NamedCut>> SchedulerCore::StartCutOf(
    const v1::SubmitJobRequest& request, const paceline::Identity& caller) const {
  PL_RETURN_IF_ERROR(CheckSubmit(caller));
  if (state_.FindRequest(caller.name, request.request_id()) != nullptr) return std::nullopt;
  PL_RETURN_IF_ERROR(CheckStartCut(state_, caller, request.spec()));
  return FindStartCut(state_, request.spec());
}

absl::StatusOr<uint64_t> SchedulerCore::Submit(const v1::SubmitJobRequest& request,
                                               const std::optional<StartCut>& start, Moment now,
                                               const paceline::Identity& caller) {
  PL_RETURN_IF_ERROR(CheckSubmit(caller));
  const std::string& owner = caller.name;
  if (const v1::JobRecord* first = state_.FindRequest(owner, request.request_id());
      first != nullptr) {
    return first->job_id();
  }
  const uint64_t rate = options_.plan.limits.For(owner).max_submits_per_minute;
  if (!submit_rate_.Take(owner, rate, now.monotonic)) {
    return absl::ResourceExhaustedError(
        absl::StrCat(owner.empty() ? "jobs without an owner" : owner, ": at most ", rate,
                     " jobs a minute may be submitted (max_submits_per_minute in ",
                     options_.plan.limits.file, "); try again later"));
  }
  PL_RETURN_IF_ERROR(CheckStartCut(state_, caller, request.spec()));
  Decisions decisions;
  PL_RETURN_IF_ERROR(PlanSubmit(ViewAt(now), request, owner, start, &decisions));
  const uint64_t job_id = decisions.updates[0].job_submitted().job_id();
  PL_RETURN_IF_ERROR(CommitDecisions(std::move(decisions), now));
  // The job is in the journal: what follows is no business of its submitter.
  Settle(now).IgnoreError();
  return job_id;
}

absl::StatusOr<v1::Job> SchedulerCore::Cancel(const v1::CancelJobRequest& request, Moment now,
                                              const paceline::Identity& caller) {
  PL_RETURN_IF_ERROR(MayChange(caller, request.job_id()));
  Decisions decisions;
  PL_RETURN_IF_ERROR(PlanCancel(ViewAt(now), request, &decisions));
  PL_RETURN_IF_ERROR(CommitDecisions(std::move(decisions), now));
  Settle(now).IgnoreError();
  return GetJob(request.job_id(), now, caller);
}

absl::Status SchedulerCore::Delete(uint64_t job_id, Moment now, const paceline::Identity& caller) {
  PL_RETURN_IF_ERROR(MayChange(caller, job_id));
  Decisions decisions;
  PL_RETURN_IF_ERROR(PlanDelete(ViewAt(now), job_id, &decisions));
  return CommitDecisions(std::move(decisions), now);
}

absl::StatusOr<v1::CheckpointJobResponse> SchedulerCore::Checkpoint(
    const v1::CheckpointJobRequest& request, Moment now, const paceline::Identity& caller) {
  PL_RETURN_IF_ERROR(MayChange(caller, request.job_id()));
  Decisions decisions;
  v1::CheckpointJobResponse response;
  PL_RETURN_IF_ERROR(PlanCheckpoint(ViewAt(now), request, &response, &decisions));
  PL_RETURN_IF_ERROR(CommitDecisions(std::move(decisions), now));
  Settle(now).IgnoreError();
  return response;
}

absl::StatusOr<v1::NodeStatus> SchedulerCore::DrainNode(const v1::DrainNodeRequest& request,
                                                        Moment now,
                                                        const paceline::Identity& caller) {
  PL_RETURN_IF_ERROR(CheckAdmin(caller, "drain nodes"));
  Decisions decisions;
  PL_ASSIGN_OR_RETURN(const uint64_t node_id, PlanDrainNode(ViewAt(now), request, &decisions));
  PL_RETURN_IF_ERROR(CommitDecisions(std::move(decisions), now));
  Settle(now).IgnoreError();
  const v1::NodeRecord* node = state_.FindNode(node_id);
  // One that was lost long ago is forgotten as it is taken back.
  return node == nullptr ? v1::NodeStatus() : BuildNode(ViewAt(now), *node);
}

absl::StatusOr<v1::Job> SchedulerCore::GetJob(uint64_t job_id, Moment now,
                                              const paceline::Identity& caller) const {
  const v1::JobRecord* job = state_.FindJob(job_id);
  if (job == nullptr) return absl::NotFoundError(absl::StrCat("job ", job_id, " does not exist"));
  PL_RETURN_IF_ERROR(CheckSee(caller, *job));
  return BuildJob(ViewAt(now), *job);
}

v1::ListJobsResponse SchedulerCore::ListJobs(const v1::ListJobsRequest& request, Moment now,
                                             const paceline::Identity& caller) const {
  const uint32_t page =
      request.page_size() == 0 ? kDefaultPage : std::min(request.page_size(), kDefaultPage);
  v1::ListJobsResponse response;
  const auto wanted = [&](const v1::JobRecord& job) {
    return MaySee(caller, job) && (request.owner().empty() || request.owner() == job.owner()) &&
           (request.states().empty() || std::find(request.states().begin(), request.states().end(),
                                                  job.state()) != request.states().end());
  };
  for (auto it = state_.jobs().upper_bound(request.after_job_id()); it != state_.jobs().end();
       ++it) {
    if (!wanted(it->second)) continue;
    if (static_cast<uint32_t>(response.jobs_size()) == page) {
      response.set_more(true);
      break;
    }
    *response.add_jobs() = BuildJob(ViewAt(now), it->second);
    response.mutable_jobs()->rbegin()->clear_history();
  }
  return response;
}

v1::Cluster SchedulerCore::DescribeCluster(Moment now) const { return BuildCluster(ViewAt(now)); }

JobRows SchedulerCore::ListJobRows(Moment now, const paceline::Identity& caller) const {
  return BuildJobRows(ViewAt(now),
                      [&caller](const v1::JobRecord& job) { return MaySee(caller, job); });
}

}  // namespace paceline::scheduler
