#include "scheduler/core/failures.h"

#include "absl/strings/str_cat.h"
#include "scheduler/core/end_job.h"
#include "scheduler/core/liveness.h"

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
  for (const v1::ShardServer& server : job.map().servers()) {
    const v1::ServerJobReport* report =
        view.seen.FindServerJob(server.node_id(), server.incarnation(), job.job_id());
    if (report != nullptr && report->state() == v1::ServerJobReport::FAILED) {
      return absl::StrCat("server ", server.node_id(), " (", server.address(),
                          "): ", report->error());
    }
  }
  return "";
}

// A server that served the job and, still the same process, no longer has it.
// Believed only of a report that is known to be newer than the orders.
std::string TablesGone(const View& view, const v1::JobRecord& job) {
  if (job.state() != v1::JOB_STATE_RUNNING && job.state() != v1::JOB_STATE_CHECKPOINTING) {
    return "";
  }
  for (const v1::ShardServer& server : job.map().servers()) {
    const NodeObservation* seen = view.seen.FindNode(server.node_id());
    if (seen == nullptr || seen->incarnation != server.incarnation() ||
        seen->report.sequence() == 0) {
      continue;
    }
    if (view.seen.FindServerJob(server.node_id(), server.incarnation(), job.job_id()) == nullptr) {
      return absl::StrCat(
          "server ", server.node_id(), " (", server.address(), ") ",
          seen->report.draining() ? "is shutting down" : "no longer holds the job's tables");
    }
  }
  return "";
}

}  // namespace

void PlanFailures(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (std::string error = NamedError(view, job); !error.empty()) {
    EndJob(view, job, JobTrigger::kFail, std::move(error), out);
    return;
  }
  for (const v1::ShardServer& server : job.map().servers()) {
    std::string gone = NodeGone(view, server.node_id(), server.incarnation());
    if (!gone.empty()) {
      EndJob(view, job, JobTrigger::kFail, std::move(gone), out);
      return;
    }
  }
  if (std::string gone = TablesGone(view, job); !gone.empty()) {
    EndJob(view, job, JobTrigger::kFail, std::move(gone), out);
  }
}

}  // namespace paceline::scheduler
