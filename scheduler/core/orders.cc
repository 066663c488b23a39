#include "scheduler/core/orders.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/partition/shares.h"
#include "scheduler/core/lifecycle/cut_flight.h"
#include "scheduler/core/lifecycle/evaluations.h"
#include "scheduler/core/ranks/grants.h"
#include "scheduler/core/ranks/waiting.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/state/start.h"
#include "scheduler/core/stored_cuts/cut_folder.h"
#include "scheduler/core/stored_cuts/holders.h"

namespace paceline::scheduler {
namespace {

// Whether the job's map gives shards to this incarnation of the node.
bool Holds(const v1::JobRecord& job, const v1::NodeRecord& node) {
  for (const v1::ShardServer& server : job.map().servers()) {
    if (server.node_id() == node.node_id() && server.incarnation() == node.incarnation()) {
      return true;
    }
  }
  return false;
}

const v1::JobRecord* FindActive(const View& view, uint64_t job_id) {
  const v1::JobRecord* job = view.state.FindJob(job_id);
  return job == nullptr || HasEnded(job->state()) ? nullptr : job;
}

void AddServe(const View& view, const v1::JobRecord& job, bool cut, v1::HeartbeatResponse* out) {
  v1::ServerJobOrder* order = out->add_jobs();
  order->set_job_id(job.job_id());
  order->set_desired(v1::ServerJobOrder::SERVE);
  *order->mutable_map() = job.map();
  const v1::JobSpec& spec = job.spec();
  const uint32_t ranks = spec.resources().workers();
  order->set_ranks(ranks);
  *order->mutable_consistency() = spec.consistency();
  order->set_seed(spec.train().seed());
  const uint64_t global_batch = spec.train().global_batch();
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    order->add_rank_share(global_batch == 0 ? 1.0 / ranks : RankShare(global_batch, rank, ranks));
  }
  if (cut) {
    order->mutable_cut()->set_cut_id(job.cut().cut_id());
    order->mutable_cut()->set_dir(job.cut().dir());
    order->mutable_cut()->set_round(job.cut().round());
  }
  if (!IsReplicated(job)) {
    order->set_cut_mark(CutMark(CutRoot(spec, view.options.data_dir), view.state.cluster_id()));
  }
  if (std::optional<v1::RestoreOrder> restore = RestoreOf(job)) {
    *order->mutable_restore() = *std::move(restore);
  }
}

void ServerOrders(const View& view, const v1::NodeRecord& node, v1::HeartbeatResponse* out) {
  for (const uint64_t job_id : view.state.active_jobs()) {
    const v1::JobRecord& job = *view.state.FindJob(job_id);
    if (!Holds(job, node)) continue;
    const v1::ServerJobReport* report =
        view.seen.FindServerJob(node.node_id(), node.incarnation(), job_id);
    const bool open = report != nullptr && report->timeline() == job.map().timeline() &&
                      report->epoch() == job.map().epoch();
    const bool cut =
        CutInFlight(job) && (report == nullptr || report->cut().cut_id() != job.cut().cut_id());
    if (!open || cut) AddServe(view, job, cut, out);
  }
  const NodeObservation* seen = view.seen.FindNode(node.node_id());
  if (seen == nullptr) return;
  for (const v1::ServerJobReport& report : seen->report.jobs()) {
    const v1::JobRecord* job = FindActive(view, report.job_id());
    if (job != nullptr && Holds(*job, node)) continue;
    v1::ServerJobOrder* order = out->add_jobs();
    order->set_job_id(report.job_id());
    order->set_desired(v1::ServerJobOrder::CLOSE);
  }
}

// Whether the job has this incarnation of the rank on this incarnation of the node.
bool Plays(const v1::JobRecord& job, const v1::NodeRecord& node, uint32_t rank,
           uint64_t incarnation) {
  if (rank >= static_cast<uint32_t>(job.ranks_size())) return false;
  const v1::RankRecord& record = job.ranks(rank);
  return record.node_id() == node.node_id() && record.node_incarnation() == node.incarnation() &&
         record.incarnation() == incarnation;
}

v1::TaskOrder* AddTask(uint64_t job_id, uint32_t rank, uint64_t incarnation,
                       v1::TaskOrder::Desired desired, v1::HeartbeatResponse* out) {
  v1::TaskOrder* order = out->add_tasks();
  order->set_job_id(job_id);
  order->set_rank(rank);
  order->set_incarnation(incarnation);
  order->set_desired(desired);
  return order;
}

void WorkerOrders(const View& view, const v1::NodeRecord& node, v1::HeartbeatResponse* out) {
  for (const uint64_t job_id : view.state.active_jobs()) {
    const v1::JobRecord& job = *view.state.FindJob(job_id);
    for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
      const uint64_t incarnation = job.ranks(rank).incarnation();
      if (!Plays(job, node, rank, incarnation)) continue;
      if (view.seen.FindTaskReport(node.node_id(), node.incarnation(), job_id, rank, incarnation) !=
          nullptr) {
        continue;
      }
      v1::TaskOrder* order = AddTask(job_id, rank, incarnation, v1::TaskOrder::RUN, out);
      if (job.ranks(rank).has_gpu()) order->set_gpu(job.ranks(rank).gpu());
      order->set_owner(job.owner());
    }
  }
  const NodeObservation* seen = view.seen.FindNode(node.node_id());
  if (seen == nullptr) return;
  for (const v1::TaskReport& task : seen->report.tasks()) {
    const v1::JobRecord* job = FindActive(view, task.job_id());
    if (job != nullptr && Plays(*job, node, task.rank(), task.incarnation())) continue;
    AddTask(task.job_id(), task.rank(), task.incarnation(), v1::TaskOrder::STOP, out);
  }
  // A job beyond the last one that this state knows of is not one that it forgot.
  for (const uint64_t job_id : seen->report.logged_jobs()) {
    if (view.state.FindJob(job_id) == nullptr && job_id < view.state.next_job_id()) {
      out->add_drop_logs(job_id);
    }
  }
}

std::string WhyExit(const View& view, const v1::SyncTaskRequest& report) {
  const v1::JobRecord* job = view.state.FindJob(report.job_id());
  if (job == nullptr) return absl::StrCat("job ", report.job_id(), " is unknown");
  if (HasEnded(job->state())) {
    return absl::StrCat("job ", report.job_id(), " has ended: ", JobStateWord(job->state()));
  }
  if (report.rank() >= static_cast<uint32_t>(job->ranks_size())) {
    return absl::StrCat("job ", report.job_id(), " has no rank ", report.rank());
  }
  const v1::RankRecord& rank = job->ranks(static_cast<int>(report.rank()));
  if (rank.incarnation() != report.incarnation()) {
    return absl::StrCat("rank ", report.rank(), ": incarnation ", rank.incarnation(),
                        " required, got ", report.incarnation());
  }
  // Nobody plays the rank yet. What this task did from here on would be lost with it when
  // somebody does, and no rollback would follow: that of its loss is over (task_loss.h).
  if (rank.node_id() == 0) {
    return absl::StrCat("rank ", report.rank(), ": incarnation ", rank.incarnation(),
                        " was given up: ", rank.last_exit().cause());
  }
  return report.error();
}

void AddMap(const v1::JobRecord& job, const v1::SyncTaskRequest& report,
            v1::SyncTaskResponse* out) {
  if (report.timeline() != job.map().timeline() || report.epoch() != job.map().epoch()) {
    *out->mutable_map() = job.map();
  }
}

}  // namespace

v1::HeartbeatResponse OrdersForNode(const View& view, const v1::NodeRecord& node) {
  v1::HeartbeatResponse out;
  if (node.role() == v1::NODE_ROLE_SERVER) {
    ServerOrders(view, node, &out);
    HoldOrders(view, node, &out);
  }
  if (node.role() == v1::NODE_ROLE_WORKER) WorkerOrders(view, node, &out);
  return out;
}

v1::SyncTaskResponse OrdersForTask(const View& view, const v1::SyncTaskRequest& report) {
  v1::SyncTaskResponse out;
  if (std::string why = WhyExit(view, report); !why.empty()) {
    out.set_desired(v1::SyncTaskResponse::EXIT);
    out.set_reason(std::move(why));
    return out;
  }
  const v1::JobRecord& job = *view.state.FindJob(report.job_id());
  out.set_ranks(static_cast<uint32_t>(job.ranks_size()));
  if (!report.has_spec()) {
    *out.mutable_spec() = job.spec();
    out.set_index_dir(absl::StrCat(CutRoot(job.spec(), view.options.data_dir), "/index"));
  }
  // A task that took a rank over first says what it found.
  if (job.state() == v1::JOB_STATE_PLACING || job.state() == v1::JOB_STATE_RECOVERING ||
      !report.has_facts()) {
    out.set_desired(v1::SyncTaskResponse::PREPARE);
    return out;
  }
  AddMap(job, report, &out);
  out.set_desired(job.state() == v1::JOB_STATE_CHECKPOINTING && report.rank() == 0 &&
                          NeedsFinalEval(job) && !job.has_final_eval()
                      ? v1::SyncTaskResponse::EVALUATE
                      : v1::SyncTaskResponse::RUN);
  const auto& grants = job.ranks(report.rank()).grants();
  for (uint64_t i = report.grants_held(); i < static_cast<uint64_t>(grants.size()); ++i) {
    *out.add_grants() = grants[static_cast<int>(i)];
  }
  out.set_grants_complete(GrantsComplete(job, report.rank()));
  out.set_last_iteration(job.last_iteration());
  out.set_last_iteration_known(EndIsKnown(view, job));
  out.set_evals_seen(EvaluationsTaken(view, job, report.rank()));
  return out;
}

}  // namespace paceline::scheduler
