#include "tests/sim/invariants.h"

#include <catch2/catch.hpp>
#include <cstddef>
#include <set>
#include <variant>
#include <vector>

#include "scheduler/core/state/job_machine.h"

namespace paceline::sim {

// Catch's macros cost microseconds: what is checked after every event does without.
void Invariants::Watch() {
  if (!cluster_->owners().breach().empty()) FAIL(cluster_->owners().breach());
  if (!cluster_->scheduler_up()) return;
  const scheduler::ClusterState& state = cluster_->core().state();
  // The state is a function of the journal: CheckReplay sees to that.
  if (state.journal_index() == seen_) return;
  seen_ = state.journal_index();
  for (const auto& [id, end] : ended_) {
    const v1::JobRecord* job = state.FindJob(id);
    REQUIRE(job != nullptr);
    REQUIRE(job->state() == end.state);
    REQUIRE(job->reason() == end.reason);
  }
  for (const auto& [id, job] : state.jobs()) {
    if (ended_.contains(id)) continue;
    if (scheduler::HasEnded(job.state())) {
      ended_[id] = {job.state(), job.reason()};
      continue;
    }
    cluster_->owners().Placed(job.map());
    CollectGrants(job);
  }
}

v1::JobState Invariants::EndOf(uint64_t job_id) const {
  const auto found = ended_.find(job_id);
  return found == ended_.end() ? v1::JOB_STATE_UNSPECIFIED : found->second.state;
}

void Invariants::CollectGrants(const v1::JobRecord& job) {
  auto& known = grants_[job.job_id()];
  size_t held = 0;
  for (const v1::RankRecord& rank : job.ranks()) held += rank.grants_size();
  if (held == known.size()) return;
  for (int rank = 0; rank < job.ranks_size(); ++rank) {
    for (const v1::Grant& grant : job.ranks(rank).grants()) {
      const std::string text = grant.SerializeAsString();
      const auto place = known.emplace(std::make_pair(rank, grant.number()), text).first;
      REQUIRE(place->second == text);
    }
  }
}

void Invariants::CheckReplay() {
  if (!cluster_->scheduler_up()) return;
  const absl::Status replay = cluster_->CheckReplay();
  INFO(replay);
  REQUIRE(replay.ok());
}

void Invariants::CheckExact(uint64_t job_id, uint64_t records) {
  const v1::JobRecord& job = *cluster_->core().state().FindJob(job_id);
  const v1::Job view = *cluster_->core().GetJob(job_id, cluster_->now());
  REQUIRE(!job.cuts().empty());
  REQUIRE(job.cuts().rbegin()->cut_id() == view.last_cut());
  const std::string& folder = job.cuts().rbegin()->dir();

  // Every shard of the cut holds the same iterations of every rank.
  const auto first = cluster_->disk().find({folder, 0});
  REQUIRE(first != cluster_->disk().end());
  const std::vector<uint64_t>& iterations = first->second.progress;
  for (auto file = first; file != cluster_->disk().end() && file->first.first == folder; ++file) {
    REQUIRE(file->second.progress == iterations);
  }

  // And the rows that count them as many.
  const auto& rows = *std::get<server::DenseSnapshot>(first->second.rows).rows;
  const size_t dim = rows.size() / (1 + iterations.size());
  uint64_t total = 0;
  for (size_t rank = 0; rank < iterations.size(); ++rank) {
    REQUIRE(rows.data()[(1 + rank) * dim] == static_cast<float>(iterations[rank]));
    total += iterations[rank];
  }
  REQUIRE(rows.data()[0] == static_cast<float>(total));
  REQUIRE(view.summary().iterations() == static_cast<double>(total));

  const v1::TrainSpec& train = job.spec().train();
  if (job.spec().consistency().policy() == v1::POLICY_BSP) {
    const uint64_t rounds = (records + train.global_batch() - 1) / train.global_batch();
    REQUIRE(total == rounds * train.epochs() * iterations.size());
  } else {
    CheckGrants(job, records);
  }
}

void Invariants::CheckGrants(const v1::JobRecord& job, uint64_t records) {
  std::set<std::pair<uint64_t, uint64_t>> positions;
  for (const auto& [key, text] : grants_[job.job_id()]) {
    v1::Grant grant;
    REQUIRE(grant.ParseFromString(text));
    for (uint64_t i = 0; i < grant.count(); ++i) {
      REQUIRE(positions.emplace(grant.epoch(), grant.first() + i).second);
    }
  }
  REQUIRE(positions.size() == job.spec().train().epochs() * records);
}

}  // namespace paceline::sim
