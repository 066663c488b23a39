#include "scheduler/core/ranks/progress.h"

#include <catch2/catch.hpp>
#include <vector>

#include "common/partition/grants.h"
#include "common/partition/rounds.h"
#include "common/partition/shares.h"
#include "scheduler/core/fake_node.h"

namespace paceline::scheduler {
namespace {

v1::JobRecord Job(v1::Policy policy, uint32_t ranks, uint64_t records, uint32_t batch,
                  uint32_t epochs, uint64_t iterations) {
  v1::JobRecord job;
  *job.mutable_spec() = RecordsSpec(ranks, 1, policy, batch, epochs);
  job.mutable_spec()->mutable_train()->set_iterations(iterations);
  job.mutable_facts()->set_records(records);
  for (uint32_t rank = 0; rank < ranks; ++rank) job.add_ranks();
  return job;
}

TEST_CASE("bsp samples are those of the rounds, counted one by one") {
  for (const uint64_t records : {1, 7, 30, 31, 64}) {
    for (const uint32_t batch : {1, 4, 10, 64}) {
      for (const uint32_t ranks : {1, 3, 5}) {
        const v1::JobRecord job = Job(v1::POLICY_BSP, ranks, records, batch, 5, 0);
        const RoundPlan plan(records, batch);
        for (uint32_t rank = 0; rank < ranks; ++rank) {
          uint64_t naive = 0;
          for (uint64_t round = 0; round < 3 * plan.rounds_per_epoch() + 2; ++round) {
            REQUIRE(NominalSamples(job, rank, round) == naive);
            naive += plan.Share(round, rank, ranks).positions.size();
          }
        }
      }
    }
  }
}

TEST_CASE("ssp samples are those of the grants, counted one by one") {
  v1::JobRecord job = Job(v1::POLICY_SSP, 2, 25, 8, 2, 0);
  std::vector<v1::Grant> grants(3);
  grants[0].set_count(12);
  grants[1].set_first_iteration(3);
  grants[1].set_first(12);
  grants[1].set_count(13);  // 3 batches and a short one
  grants[2].set_first_iteration(7);
  grants[2].set_epoch(1);
  grants[2].set_count(4);
  for (const v1::Grant& grant : grants) *job.mutable_ranks(0)->add_grants() = grant;
  uint64_t naive = 0;
  for (uint64_t t = 0; t < 10; ++t) {
    CHECK(NominalSamples(job, 0, t) == naive);
    const auto positions = FindGranted(grants, 4, t);
    if (positions.has_value()) naive += positions->positions.size();
  }
  CHECK(naive == 29);
  CHECK(NominalSamples(job, 1, 5) == 0);
}

TEST_CASE("what a job expects to do") {
  struct Case {
    v1::Policy policy;
    uint64_t records;
    uint32_t epochs;
    uint64_t iterations;
    uint64_t want_iterations;
    uint64_t want_samples;
  };
  // Global batch 10, 2 ranks.
  for (const Case& c : std::vector<Case>{
           {v1::POLICY_BSP, 95, 3, 0, 30, 285},
           {v1::POLICY_BSP, 95, 0, 12, 12, 115},
           {v1::POLICY_BSP, 95, 3, 12, 12, 115},
           {v1::POLICY_SSP, 95, 3, 0, 30, 285},
           {v1::POLICY_SSP, 95, 0, 12, 12, 120},
           {v1::POLICY_SSP, 95, 1, 12, 10, 95},
           {v1::POLICY_BSP, 0, 0, 50, 50, 0},
       }) {
    const v1::JobRecord job = Job(c.policy, 2, c.records, 10, c.epochs, c.iterations);
    INFO(c.records << " " << c.epochs << " " << c.iterations);
    CHECK(ExpectedIterations(job) == c.want_iterations);
    CHECK(ExpectedSamples(job) == c.want_samples);
  }
}

}  // namespace
}  // namespace paceline::scheduler
