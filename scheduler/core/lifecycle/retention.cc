#include "scheduler/core/lifecycle/retention.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/spec/cut_name.h"
#include "common/status/status_macros.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/stored_cuts/start_cut.h"

namespace paceline::scheduler {
namespace {

absl::Duration Age(const View& view, const v1::JobRecord& job) {
  return view.seen.WallTime(view.now.monotonic) - absl::Milliseconds(job.ended_ms());
}

bool IsKept(const View& view, const v1::JobRecord& job) {
  return view.seen.deleting(job.job_id()) || !JobsStartingFrom(view.state, job).empty() ||
         view.seen.SinceDeleteFailed(job.job_id(), view.now.monotonic) < view.options.delete_retry;
}

void AddDelete(const v1::JobRecord& job, Decisions* out) {
  Command& command = out->commands.emplace_back();
  command.kind = Command::Kind::kDeleteJob;
  command.job_id = job.job_id();
  command.dir = job.checkpoint_dir();
}

// The oldest ended job that the rules delete; null if there is none.
const v1::JobRecord* NextToDelete(const View& view, size_t ended) {
  const PlanOptions& options = view.options;
  const size_t excess =
      options.keep_ended_jobs == 0 ? 0 : ended - std::min(ended, options.keep_ended_jobs);
  if (excess == 0 && options.keep_ended_for == absl::ZeroDuration()) return nullptr;
  size_t older = 0;
  for (const auto& [id, job] : view.state.jobs()) {
    if (!HasEnded(job.state())) continue;
    const bool too_many = older++ < excess;
    const bool too_old =
        options.keep_ended_for > absl::ZeroDuration() && Age(view, job) > options.keep_ended_for;
    if ((too_many || too_old) && !IsKept(view, job)) return &job;
  }
  return nullptr;
}

}  // namespace

absl::Status PlanDelete(const View& view, uint64_t job_id, Decisions* out) {
  const v1::JobRecord* job = view.state.FindJob(job_id);
  if (job == nullptr) return absl::NotFoundError(absl::StrCat("job ", job_id, " does not exist"));
  if (!HasEnded(job->state())) {
    return absl::FailedPreconditionError(
        absl::StrCat("job ", job_id, " is ", JobStateWord(job->state()), "; cancel it first"));
  }
  const std::vector<uint64_t> starting = JobsStartingFrom(view.state, *job);
  if (!starting.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("job ", job_id, ": ", starting.size() == 1 ? "job " : "jobs ",
                     absl::StrJoin(starting, ", "), starting.size() == 1 ? " starts" : " start",
                     " from its cut and ",
                     starting.size() == 1 ? "has none of its own" : "have none of theirs", " yet"));
  }
  if (!view.seen.deleting(job_id)) AddDelete(*job, out);
  return absl::OkStatus();
}

void PlanDeleted(const View& view, const Command& command,
                 const absl::StatusOr<std::string>& result, Decisions* out) {
  if (!result.ok() || view.state.FindJob(command.job_id) == nullptr) return;
  out->Add(view.now).mutable_job_deleted()->set_job_id(command.job_id);
}

void PlanRetention(const View& view, Decisions* out) {
  const size_t ended = view.state.jobs().size() - view.state.active_jobs().size();
  if (!view.seen.any_deleting()) {
    if (const v1::JobRecord* job = NextToDelete(view, ended); job != nullptr) AddDelete(*job, out);
  }
  if (ended <= view.options.max_ended_jobs) return;
  size_t excess = ended - view.options.max_ended_jobs;
  for (const auto& [id, job] : view.state.jobs()) {
    if (excess == 0) return;
    if (!HasEnded(job.state()) || view.seen.deleting(id)) continue;
    out->Add(view.now).mutable_job_forgotten()->set_job_id(id);
    --excess;
  }
}

absl::Status CheckNotBeingDeleted(const View& view, const v1::JobSpec& spec) {
  if (spec.start().cut().empty()) return absl::OkStatus();
  PL_ASSIGN_OR_RETURN(const CutName name, ParseCutName(spec.start().cut()));
  for (const auto& [id, job] : view.state.jobs()) {
    const bool named = name.job_id != 0 ? name.job_id == id : IsCutOf(name.dir, job);
    if (named && view.seen.deleting(id)) {
      return absl::FailedPreconditionError(
          absl::StrCat("start.cut: job ", id, " is being deleted"));
    }
  }
  return absl::OkStatus();
}

}  // namespace paceline::scheduler
