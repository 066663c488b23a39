#include "scheduler/core/failures.h"

#include "absl/strings/str_cat.h"
#include "scheduler/core/end_job.h"
#include "scheduler/core/liveness.h"

namespace paceline::scheduler {
namespace {

// Why work given to an incarnation of a node is gone; empty if it is not.
std::string NodeGone(const View& view, uint64_t node_id, uint64_t incarnation) {
  const v1::NodeRecord* node = view.state.FindNode(node_id);
  if (node == nullptr) return absl::StrCat("node ", node_id, " is gone");
  if (node->incarnation() != incarnation) return absl::StrCat(NodeName(*node), " was restarted");
  if (node->lost()) {
    return absl::StrCat(
        NodeName(*node), " is lost: not heard for ",
        absl::FormatDuration(absl::Trunc(Silence(view, *node), absl::Milliseconds(100))));
  }
  return "";
}

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

// "rank 1 on worker 3 (host:7072): killed by signal 9 (SIGKILL): last log line".
std::string DescribeExit(const View& view, uint32_t rank, const v1::RankRecord& record,
                         const v1::TaskExit& exit) {
  const v1::NodeRecord* node = view.state.FindNode(record.node_id());
  std::string text = absl::StrCat("rank ", rank);
  if (node != nullptr) absl::StrAppend(&text, " on ", NodeName(*node));
  absl::StrAppend(&text, ": ", exit.cause().empty() ? "its task ended" : exit.cause());
  if (!exit.last_log_lines().empty()) {
    absl::StrAppend(&text, ": ", *exit.last_log_lines().rbegin());
  }
  return text;
}

}  // namespace

void PlanFailures(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (std::string error = NamedError(view, job); !error.empty()) {
    EndJob(view, job, JobTrigger::kFail, std::move(error), out);
    return;
  }
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const v1::RankRecord& record = job.ranks(rank);
    const v1::TaskReport* task = view.seen.FindTaskReport(
        record.node_id(), record.node_incarnation(), job.job_id(), rank, record.incarnation());
    if (task != nullptr && task->state() == v1::TaskReport::EXITED) {
      v1::TaskExited* exited = out->Add(view.now).mutable_task_exited();
      exited->set_job_id(job.job_id());
      exited->set_rank(rank);
      exited->set_incarnation(record.incarnation());
      *exited->mutable_exit() = task->exit();
      v1::JobRecord after = job;
      *after.mutable_ranks(rank)->mutable_last_exit() = task->exit();
      EndJob(view, after, JobTrigger::kFail, DescribeExit(view, rank, record, task->exit()), out);
      return;
    }
    const std::string gone = NodeGone(view, record.node_id(), record.node_incarnation());
    if (!gone.empty()) {
      EndJob(view, job, JobTrigger::kFail, absl::StrCat("rank ", rank, ": ", gone), out);
      return;
    }
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
