#include "scheduler/core/lifecycle/rollback.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/core/nodes/drain.h"
#include "scheduler/core/nodes/links.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/ranks/waiting.h"

namespace paceline::scheduler {
namespace {

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
      return absl::StrCat("server ", server.node_id(), " (", server.address(),
                          ") no longer holds the job's tables");
    }
  }
  return "";
}

std::string ServerName(const v1::ShardServer& server) {
  return absl::StrCat("server ", server.node_id(), " (", server.address(), ")");
}

// Why the job must leave a server that goes; empty if it need not, or not yet.
std::string ServerLeaves(const View& view, const v1::JobRecord& job) {
  const v1::ShardServer* server = ServerToLeave(view, job);
  if (server == nullptr || job.state() == v1::JOB_STATE_CHECKPOINTING) return "";
  if (job.state() == v1::JOB_STATE_RUNNING && !DrainCutTaken(job)) return "";
  const v1::NodeRecord* node = view.state.FindNode(server->node_id());
  return absl::StrCat(ServerName(*server), node->drain() ? " is drained" : " is shutting down");
}

// Why shards of the job are gone; empty if none are.
std::string ShardsGone(const View& view, const v1::JobRecord& job) {
  for (const v1::ShardServer& server : job.map().servers()) {
    std::string gone = NodeGone(view, server.node_id(), server.incarnation());
    if (!gone.empty()) return gone;
  }
  if (std::string leaves = ServerLeaves(view, job); !leaves.empty()) return leaves;
  if (std::string cut_off = CutOffServer(view, job); !cut_off.empty()) return cut_off;
  return TablesGone(view, job);
}

// A server that could not open its shards where the job is to go on.
void PlanRestoreFailure(const View& view, const v1::JobRecord& job, Decisions* out) {
  for (const v1::ShardServer& server : job.map().servers()) {
    const v1::ServerJobReport* report =
        view.seen.FindServerJob(server.node_id(), server.incarnation(), job.job_id());
    if (report == nullptr || report->timeline() != job.map().timeline() ||
        report->state() != v1::ServerJobReport::FAILED) {
      continue;
    }
    v1::RestoreFailed* failed = out->Add(view.now).mutable_restore_failed();
    failed->set_job_id(job.job_id());
    failed->set_reason(absl::StrCat(ServerName(server), ": ", report->error()));
    if (report->cut_damaged()) failed->set_damaged_cut(job.restore_cut());
    return;
  }
}

}  // namespace

void PlanRollback(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (job.map().servers().empty() || NeedsNoServers(job)) return;
  std::string gone = ShardsGone(view, job);
  if (gone.empty()) {
    if (job.state() == v1::JOB_STATE_RECOVERING) PlanRestoreFailure(view, job, out);
    return;
  }
  v1::JobStateChanged* changed = out->Add(view.now).mutable_job_state_changed();
  changed->set_job_id(job.job_id());
  changed->set_state(v1::JOB_STATE_RECOVERING);
  changed->set_reason(std::move(gone));
}

}  // namespace paceline::scheduler
