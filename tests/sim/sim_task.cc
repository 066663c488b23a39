#include "tests/sim/sim_task.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"

namespace paceline::sim {

v1::SyncTaskRequest SimTask::Report() {
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
  rank_->Handle(worker::IterationsKnown{selection_->available(), selection_->complete()});
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
