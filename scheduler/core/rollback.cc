#include "scheduler/core/rollback.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/core/liveness.h"
#include "scheduler/core/waiting.h"

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
      return absl::StrCat(
          "server ", server.node_id(), " (", server.address(), ") ",
          seen->report.draining() ? "is shutting down" : "no longer holds the job's tables");
    }
  }
  return "";
}

// Why shards of the job are gone; empty if none are.
std::string ShardsGone(const View& view, const v1::JobRecord& job) {
  for (const v1::ShardServer& server : job.map().servers()) {
    std::string gone = NodeGone(view, server.node_id(), server.incarnation());
    if (!gone.empty()) return gone;
  }
  return TablesGone(view, job);
}

}  // namespace

void PlanRollback(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (job.map().servers().empty() || NeedsNoServers(job)) return;
  std::string gone = ShardsGone(view, job);
  if (gone.empty()) return;
  v1::JobStateChanged* changed = out->Add(view.now).mutable_job_state_changed();
  changed->set_job_id(job.job_id());
  changed->set_state(v1::JOB_STATE_RECOVERING);
  changed->set_reason(std::move(gone));
}

}  // namespace paceline::scheduler
