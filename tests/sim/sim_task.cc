#include "tests/sim/sim_task.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"

namespace paceline::sim {

namespace {

// Best before iteration 30.
double LossBefore(uint64_t iteration) { return std::abs(static_cast<double>(iteration) - 30); }

worker::Prepared PreparedFor(const v1::JobSpec& spec, uint32_t rank) {
  worker::Prepared prepared;
  prepared.evaluates = rank == 0 && spec.data().holdout() > 0;
  prepared.eval_every = spec.train().eval_every_iterations();
  prepared.rounds = spec.consistency().policy() == v1::POLICY_BSP;
  prepared.ends_early = prepared.rounds && spec.evaluation().patience() > 0;
  return prepared;
}

}  // namespace

v1::SyncTaskRequest SimTask::Report() {
  reported_timeline_ = timeline_;
  v1::SyncTaskRequest report;
  report.set_job_id(options_.job_id);
  report.set_rank(options_.rank);
  report.set_incarnation(options_.incarnation);
  report.set_sequence(++sequence_);
  report.set_has_spec(spec_.has_value());
  report.set_timeline(timeline_);
  report.set_epoch(epoch_);
  if (!spec_.has_value()) return report;
  report.mutable_facts()->set_records(options_.records);
  report.mutable_facts()->set_device("toy");
  for (const v1::TableSpec& table : model_->tables()) *report.mutable_facts()->add_tables() = table;
  v1::TaskProgress& progress = *report.mutable_progress();
  progress.set_iteration(rank_->machine().iteration());
  progress.set_finished(rank_->finished());
  progress.set_wait_reason(rank_->machine().WaitReason());
  for (const v1::EvalPoint& point : rank_->evals()) *report.add_evals() = point;
  report.set_final_eval_done(rank_->machine().final_eval_done());
  report.set_last_iteration(last_iteration_);
  report.set_grants_held(selection_->grants_held());
  report.set_iterations_wanted(selection_->IterationsWanted(rank_->machine().iteration(), 0));
  for (v1::UnreachableServer& server : rank_->Unreachable()) {
    *report.add_unreachable() = std::move(server);
  }
  if (rank_->exited()) report.set_error(rank_->cause());
  return report;
}

void SimTask::StartRank(const v1::SyncTaskResponse& reply) {
  spec_ = reply.spec();
  model_.emplace(ToyModel::Kind::kCounting, spec_->train().seed(), reply.ranks());
  selection_.emplace(*spec_, options_.rank, reply.ranks(), options_.records);
  SimRank::Options rank;
  rank.loop = options_.loop;
  rank.random = options_.random;
  rank.network = options_.network;
  rank.model = &*model_;
  rank.consistency = spec_->consistency();
  rank.node = options_.node;
  rank.rank = options_.rank;
  rank.incarnation = options_.incarnation;
  rank.most_compute = absl::Milliseconds(50);
  rank.prepared = PreparedFor(*spec_, options_.rank);
  rank.loss = LossBefore;
  rank.observer = [](uint32_t, uint64_t, const worker::Parameters&, bool) {};
  rank_ = std::make_shared<SimRank>(std::move(rank));
}

void SimTask::Obey(const v1::SyncTaskResponse& reply) {
  if (!alive()) return;
  if (reply.has_spec() && !spec_.has_value()) StartRank(reply);
  if (!spec_.has_value()) {
    // Told to leave before it knew its job.
    exited_ = reply.desired() == v1::SyncTaskResponse::EXIT;
    return;
  }
  if (selection_->uses_grants()) {
    const std::vector<v1::Grant> grants(reply.grants().begin(), reply.grants().end());
    const absl::Status added = selection_->AddGrants(grants, reply.grants_complete());
    PL_CHECK(added.ok()) << added;
  }
  if (reply.last_iteration() != 0) {
    const uint64_t least = selection_->uses_grants() ? rank_->machine().iteration() + 1 : 0;
    if (last_iteration_ == 0) selection_->StopAt(std::max(reply.last_iteration(), least));
    last_iteration_ = reply.last_iteration();
  }
  rank_->Handle(worker::IterationsKnown{selection_->available(), selection_->complete()});
  const bool current = reported_timeline_ == timeline_;
  rank_->Handle(worker::SchedulerHeard{current ? reply.evals_seen() : 0, reply.last_iteration(),
                                       reply.last_iteration_known()});
  rank_->Handle(worker::DesiredChanged{reply.desired()});
  if (reply.has_map() && (reply.map().timeline() != timeline_ || reply.map().epoch() != epoch_)) {
    timeline_ = reply.map().timeline();
    epoch_ = reply.map().epoch();
    rank_->SetMap(reply.map(), options_.find_servers(reply.map()));
  }
  if (rank_->exited() && reply.desired() == v1::SyncTaskResponse::EXIT) exited_ = true;
}

void SimTask::Kill() {
  killed_ = true;
  if (rank_ != nullptr) rank_->Kill();
}

std::string SimTask::Describe() const {
  return absl::StrCat("job ", options_.job_id, " ",
                      rank_ == nullptr ? "has not got its job" : rank_->Describe());
}

}  // namespace paceline::sim
