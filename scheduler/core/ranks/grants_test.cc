#include "scheduler/core/ranks/grants.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "common/partition/grants.h"
#include "common/partition/shares.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_node.h"
#include "scheduler/core/state/job_apply.h"

namespace paceline::scheduler {
namespace {

// A running job of `ranks` ranks, as the state holds it.
v1::JobRecord Job(uint32_t ranks, uint64_t records, uint32_t global_batch, uint32_t epochs,
                  uint64_t iterations = 0) {
  v1::JobRecord job;
  job.set_job_id(1);
  job.set_state(v1::JOB_STATE_RUNNING);
  *job.mutable_spec() = RecordsSpec(ranks, 1, v1::POLICY_SSP, global_batch, epochs);
  job.mutable_spec()->mutable_train()->set_iterations(iterations);
  job.mutable_facts()->set_records(records);
  for (uint32_t rank = 0; rank < ranks; ++rank) job.add_ranks()->set_incarnation(1);
  return job;
}

// Plans and applies; returns how many grants were made.
size_t Ask(v1::JobRecord* job, uint32_t rank, uint64_t wanted, uint64_t pushed) {
  const std::vector<v1::Grant> grants = NextGrants(*job, rank, wanted, pushed);
  if (grants.empty()) return 0;
  v1::Update update;
  update.mutable_grants_made()->set_job_id(1);
  update.mutable_grants_made()->set_rank(rank);
  for (const v1::Grant& grant : grants) *update.mutable_grants_made()->add_grants() = grant;
  REQUIRE_OK(ApplyJobUpdate(update, job));
  return grants.size();
}

TEST_CASE("every position of every epoch is granted exactly once, whoever asks when") {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](uint64_t n) { return random() % n; };
    const auto ranks = static_cast<uint32_t>(1 + below(7));
    const uint64_t records = 1 + below(400);
    const auto global_batch = static_cast<uint32_t>(ranks + below(40));
    const auto epochs = static_cast<uint32_t>(1 + below(4));
    INFO("seed " << seed << ": " << ranks << " ranks, " << records << " records, batch "
                 << global_batch << ", epochs " << epochs);
    v1::JobRecord job = Job(ranks, records, global_batch, epochs);
    std::vector<uint64_t> pushed(ranks, 0);
    std::vector<std::vector<int>> times(epochs, std::vector<int>(records, 0));

    for (int step = 0; step < 100000; ++step) {
      bool all_done = true;
      for (uint32_t rank = 0; rank < ranks; ++rank) {
        all_done &= GrantsComplete(job, rank) && pushed[rank] == GrantedTo(job, rank);
      }
      if (all_done) break;
      const auto rank = static_cast<uint32_t>(below(ranks));
      const uint64_t held = GrantedTo(job, rank);
      if (below(2) == 0) {
        const size_t made = Ask(&job, rank, held + below(50), pushed[rank]);
        CHECK(made <= kMaxGrantsAtOnce);
      } else if (pushed[rank] < held) {
        pushed[rank] += 1 + below(held - pushed[rank]);
      } else if (!GrantsComplete(job, rank)) {
        // Never none for a rank that has pushed all it holds.
        REQUIRE(Ask(&job, rank, held + 1 + below(50), pushed[rank]) > 0);
      }
    }

    for (uint32_t rank = 0; rank < ranks; ++rank) {
      const uint64_t batch = NominalBatch(global_batch, rank, ranks);
      const std::vector<v1::Grant> grants(job.ranks(rank).grants().begin(),
                                          job.ranks(rank).grants().end());
      uint64_t next_iteration = 0;
      for (const v1::Grant& grant : grants) {
        REQUIRE(grant.first_iteration() == next_iteration);
        next_iteration += GrantIterations(grant.count(), batch);
        for (uint64_t i = 0; i < grant.count(); ++i) ++times[grant.epoch()][grant.first() + i];
      }
      // Iterations, one by one, cover what was granted.
      uint64_t positions = 0;
      for (uint64_t t = 0; t < next_iteration; ++t) {
        positions += FindGranted(grants, batch, t)->positions.size();
      }
      uint64_t granted = 0;
      for (const v1::Grant& grant : grants) granted += grant.count();
      CHECK(positions == granted);
    }
    for (const auto& epoch : times) {
      for (const int count : epoch) REQUIRE(count == 1);
    }
  }
}

TEST_CASE("a rank that asks first cannot take it all") {
  v1::JobRecord job = Job(4, 40000, 40, 1);  // 4000 iterations of 10
  CHECK(Ask(&job, 0, 1000000, 0) == 1);
  CHECK(GrantedTo(job, 0) == 4000 / 8);
  CHECK(Ask(&job, 0, 1000000, 0) == 0);
  CHECK(Ask(&job, 1, 1000000, 0) == 1);
  CHECK(GrantedTo(job, 1) == 3500 / 8);
  // Once it has pushed, there is more.
  CHECK(Ask(&job, 0, 1000000, 500) == 1);
}

TEST_CASE("the tail is fair: ranks of equal pace end within two batches of each other") {
  v1::JobRecord job = Job(4, 10007, 40, 3);
  std::vector<uint64_t> pushed(4, 0);
  bool done = false;
  while (!done) {
    done = true;
    for (uint32_t rank = 0; rank < 4; ++rank) {
      Ask(&job, rank, GrantedTo(job, rank) + 200, pushed[rank]);
      if (pushed[rank] < GrantedTo(job, rank)) {
        ++pushed[rank];
        done = false;
      }
    }
  }
  const auto [least, most] = std::minmax_element(pushed.begin(), pushed.end());
  CHECK(*most - *least <= 2);
}

TEST_CASE("train.iterations limits each rank and walks epochs on and on") {
  v1::JobRecord job = Job(2, 35, 20, 0, 100);
  CHECK_FALSE(GrantsComplete(job, 0));
  while (Ask(&job, 0, 1000, 0) > 0) {
  }
  CHECK(GrantedTo(job, 0) == 100);
  CHECK(GrantsComplete(job, 0));
  CHECK_FALSE(GrantsComplete(job, 1));
  while (Ask(&job, 1, 1000, 0) > 0) {
  }
  CHECK(GrantedTo(job, 1) == 100);
}

TEST_CASE("jobs and ranks that get no grants") {
  v1::JobRecord bsp = Job(2, 100, 10, 1);
  bsp.mutable_spec()->mutable_consistency()->set_policy(v1::POLICY_BSP);
  CHECK_FALSE(UsesGrants(bsp));
  CHECK(GrantsComplete(bsp, 0));
  CHECK(NextGrants(bsp, 0, 10, 0).empty());

  const v1::JobRecord no_data = Job(2, 0, 10, 0, 5);
  CHECK(GrantsComplete(no_data, 0));

  // Fewer samples in a batch than ranks: the last one has no share.
  const v1::JobRecord narrow = Job(3, 100, 2, 1);
  CHECK_FALSE(GrantsComplete(narrow, 1));
  CHECK(GrantsComplete(narrow, 2));
  CHECK(NextGrants(narrow, 2, 10, 0).empty());
}

TEST_CASE("many small epochs: at most so many grants at once") {
  v1::JobRecord job = Job(1, 3, 2, 100000);
  CHECK(Ask(&job, 0, 1000000, 0) == kMaxGrantsAtOnce);
}

TEST_CASE("grants that leave a gap are refused by the state") {
  v1::JobRecord job = Job(2, 100, 10, 2);
  REQUIRE(Ask(&job, 0, 2, 0) == 1);
  v1::Update update;
  update.mutable_grants_made()->set_job_id(1);
  v1::Grant* grant = update.mutable_grants_made()->add_grants();
  *grant = NextGrants(job, 0, 4, 2).at(0);
  const auto refused = [&] {
    v1::JobRecord copy = job;
    const absl::Status status = ApplyJobUpdate(update, &copy);
    CHECK(copy.SerializeAsString() == job.SerializeAsString());
    return status;
  };
  REQUIRE_OK(ApplyJobUpdate(update, &job));
  CHECK_STATUS(refused(), absl::StatusCode::kInvalidArgument, "required, got");
  *grant = NextGrants(job, 0, 6, 4).at(0);
  grant->set_first(grant->first() + 1);
  CHECK_STATUS(refused(), absl::StatusCode::kInvalidArgument, "required, got");
  *grant = NextGrants(job, 0, 6, 4).at(0);
  grant->set_count(1000);
  CHECK_STATUS(refused(), absl::StatusCode::kInvalidArgument, "required, got");
  *grant = NextGrants(job, 0, 6, 4).at(0);
  update.mutable_grants_made()->set_rank(5);
  CHECK_STATUS(refused(), absl::StatusCode::kNotFound, "rank 5 of 2");
}

}  // namespace
}  // namespace paceline::scheduler
