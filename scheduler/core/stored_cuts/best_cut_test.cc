#include "scheduler/core/stored_cuts/best_cut.h"

#include <catch2/catch.hpp>
#include <vector>

namespace paceline::scheduler {
namespace {

// Evaluations every 20 iterations, and cuts 1, 2, ... of these iterations.
v1::JobRecord Job(v1::Policy policy, const std::vector<uint64_t>& cuts) {
  v1::JobRecord job;
  job.mutable_spec()->mutable_train()->set_eval_every_iterations(20);
  job.mutable_spec()->mutable_checkpoint()->set_keep_best(true);
  job.mutable_spec()->mutable_consistency()->set_policy(policy);
  for (const uint64_t iteration : cuts) {
    v1::CutRecord* cut = job.add_cuts();
    cut->set_cut_id(static_cast<uint64_t>(job.cuts_size()));
    cut->set_iteration(iteration);
  }
  return job;
}

void Best(v1::JobRecord* job, uint64_t iteration, uint64_t last) {
  job->mutable_best_eval()->set_iteration(iteration);
  job->set_last_eval_iteration(last);
}

TEST_CASE("bsp: the best cut is that of the evaluation's round, and no other") {
  v1::JobRecord job = Job(v1::POLICY_BSP, {10, 20, 30, 50});
  CHECK(BestCut(job) == 0);
  Best(&job, 20, 40);
  CHECK(BestCut(job) == 2);
  Best(&job, 40, 40);
  CHECK(BestCut(job) == 0);
  job.mutable_spec()->mutable_checkpoint()->set_keep_best(false);
  Best(&job, 20, 40);
  CHECK(BestCut(job) == 0);
  CHECK(CutsForEvaluations(job).empty());
}

TEST_CASE("ssp and asp: it is the first cut in which every rank has come as far") {
  v1::JobRecord job = Job(v1::POLICY_ASP, {19, 23, 41});
  Best(&job, 20, 20);
  CHECK(BestCut(job) == 2);
  Best(&job, 60, 60);
  CHECK(BestCut(job) == 0);
}

TEST_CASE("the cut of an evaluation that is not heard yet stays, too") {
  v1::JobRecord job = Job(v1::POLICY_BSP, {20, 40, 50, 60});
  CHECK(CutsForEvaluations(job) == std::vector<uint64_t>{1});
  Best(&job, 20, 20);
  CHECK(CutsForEvaluations(job) == std::vector<uint64_t>{1, 2});
  Best(&job, 40, 40);
  CHECK(CutsForEvaluations(job) == std::vector<uint64_t>{2, 4});
}

TEST_CASE("a job goes on from its newest cut, unless an evaluation that decides lies before it") {
  v1::JobRecord job = Job(v1::POLICY_BSP, {10, 20, 30, 50});
  Best(&job, 20, 20);
  CHECK_FALSE(OwedEvaluation(job).has_value());
  CHECK(CutToGoOnFrom(job) == 4);
  job.mutable_spec()->mutable_evaluation()->set_patience(2);
  CHECK(OwedEvaluation(job) == 40);
  CHECK(CutToGoOnFrom(job) == 3);
  job.set_last_eval_iteration(40);
  CHECK(OwedEvaluation(job) == 60);
  CHECK(CutToGoOnFrom(job) == 4);
  SECTION("it has been decided where training ends") {
    job.set_last_eval_iteration(20);
    job.set_last_iteration(60);
    CHECK(CutToGoOnFrom(job) == 4);
  }
  SECTION("no cut is old enough") {
    v1::JobRecord young = Job(v1::POLICY_BSP, {30});
    young.mutable_spec()->mutable_evaluation()->set_patience(2);
    CHECK(CutToGoOnFrom(young) == 0);
  }
  SECTION("a job that began at a cut has evaluated nothing before it") {
    v1::JobRecord started = Job(v1::POLICY_BSP, {110});
    started.mutable_spec()->mutable_evaluation()->set_patience(2);
    started.mutable_start()->set_iteration(105);
    CHECK(OwedEvaluation(started) == 120);
    CHECK(CutToGoOnFrom(started) == 1);
    // With the weights alone it counts from 0.
    started.mutable_start()->mutable_cut()->set_part(v1::RestoreOrder::WEIGHTS);
    CHECK(OwedEvaluation(started) == 20);
  }
  SECTION("ssp and asp promise no such thing") {
    job.set_last_eval_iteration(20);
    job.mutable_spec()->mutable_consistency()->set_policy(v1::POLICY_SSP);
    CHECK(CutToGoOnFrom(job) == 4);
  }
}

TEST_CASE("a job without cuts goes on from its beginning") {
  CHECK(CutToGoOnFrom(Job(v1::POLICY_BSP, {})) == 0);
}

}  // namespace
}  // namespace paceline::scheduler
