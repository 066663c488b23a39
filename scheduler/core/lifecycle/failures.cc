#include "scheduler/core/lifecycle/failures.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "scheduler/core/lifecycle/end_job.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/ranks/task_exit.h"

namespace paceline::scheduler {
namespace {

const TaskObservation* TaskOf(const View& view, const v1::JobRecord& job, uint32_t rank) {
  return view.seen.FindTask(job.job_id(), rank, job.ranks(static_cast<int>(rank)).incarnation());
}

// The rank whose task was the first to say that it cannot go on; nothing if all can.
std::optional<uint32_t> FirstToFail(const View& view, const v1::JobRecord& job) {
  std::optional<uint32_t> first;
  absl::Duration since;
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const TaskObservation* task = TaskOf(view, job, rank);
    if (task == nullptr || task->report.error().empty()) continue;
    if (first.has_value() && task->failed_since >= since) continue;
    first = rank;
    since = task->failed_since;
  }
  return first;
}

// Ends the job if the process of the task has ended, or will not be heard of.
void PlanTaskError(const View& view, const v1::JobRecord& job, uint32_t rank, Decisions* out) {
  const v1::RankRecord& record = job.ranks(static_cast<int>(rank));
  const TaskObservation& task = *TaskOf(view, job, rank);
  const v1::TaskReport* process = view.seen.FindTaskReport(
      record.node_id(), record.node_incarnation(), job.job_id(), rank, record.incarnation());
  const bool exited = process != nullptr && process->state() == v1::TaskReport::EXITED;
  const absl::Duration limit = view.options.heartbeat * view.options.silent_heartbeats;
  const bool there = record.node_id() != 0 &&
                     NodeGone(view, record.node_id(), record.node_incarnation()).empty() &&
                     view.now.monotonic - task.failed_since < limit;
  if (!exited && there) return;
  v1::JobRecord after = job;
  if (record.node_id() != 0) {
    v1::TaskExit exit;
    if (exited) exit = process->exit();
    exit.set_cause(task.report.error());
    AddTaskExited(view, job, rank, exit, /*died=*/true, out);
    *after.mutable_ranks(static_cast<int>(rank))->mutable_last_exit() = exit;
  }
  EndJob(view, after, JobTrigger::kFail, absl::StrCat("rank ", rank, ": ", task.report.error()),
         out);
}

// An error that a server names.
std::string ServerError(const View& view, const v1::JobRecord& job) {
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
  if (const std::optional<uint32_t> rank = FirstToFail(view, job); rank.has_value()) {
    PlanTaskError(view, job, *rank, out);
  } else if (std::string error = ServerError(view, job); !error.empty()) {
    EndJob(view, job, JobTrigger::kFail, std::move(error), out);
  }
}

}  // namespace paceline::scheduler
