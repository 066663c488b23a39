#include "scheduler/core/failures.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/core/end_job.h"

namespace paceline::scheduler {
namespace {

// An error that a task or a server names itself.
std::string NamedError(const View& view, const v1::JobRecord& job) {
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const TaskObservation* task =
        view.seen.FindTask(job.job_id(), rank, job.ranks(rank).incarnation());
    if (task != nullptr && !task->report.error().empty()) {
      return absl::StrCat("rank ", rank, ": ", task->report.error());
    }
  }
  // A job that recovers tries again: rollback.h.
  if (job.state() == v1::JOB_STATE_RECOVERING) return "";
  for (const v1::ShardServer& server : job.map().servers()) {
    const v1::ServerJobReport* report =
        view.seen.FindServerJob(server.node_id(), server.incarnation(), job.job_id());
    if (report != nullptr && report->timeline() == job.map().timeline() &&
        report->state() == v1::ServerJobReport::FAILED) {
      return absl::StrCat("server ", server.node_id(), " (", server.address(),
                          "): ", report->error());
    }
  }
  return "";
}

}  // namespace

void PlanFailures(const View& view, const v1::JobRecord& job, Decisions* out) {
  std::string error = NamedError(view, job);
  if (!error.empty()) EndJob(view, job, JobTrigger::kFail, std::move(error), out);
}

}  // namespace paceline::scheduler
