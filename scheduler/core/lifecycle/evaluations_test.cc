#include "scheduler/core/lifecycle/evaluations.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "scheduler/core/fake_cluster.h"

namespace paceline::scheduler {
namespace {

// Best before iteration 30.
double Falls(uint64_t iteration) {
  return iteration <= 30 ? 100.0 - static_cast<double>(iteration)
                         : 70.0 + static_cast<double>(iteration);
}

void Rounds(v1::JobSpec* spec, uint64_t rounds) {
  spec->mutable_train()->clear_epochs();
  spec->mutable_train()->set_iterations(rounds);
}

// A job of 1000 rounds, evaluated every 10, that stops when 2 in a row are not better.
struct Training {
  FakeCluster cluster;
  uint64_t job = 0;

  explicit Training(v1::Policy policy, const std::function<void(v1::JobSpec*)>& change = {},
                    const std::function<double(uint64_t)>& loss = Falls) {
    cluster.records = 8000;
    AddSmallCluster(&cluster);
    v1::JobSpec spec = RecordsSpec(2, 2, policy, 8, 1);
    spec.mutable_data()->set_holdout(0.1);
    spec.mutable_train()->set_eval_every_iterations(10);
    spec.mutable_evaluation()->set_patience(2);
    spec.mutable_checkpoint()->set_every_iterations(10);
    if (change) change(&spec);
    job = cluster.Submit(spec);
    REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
    Teach(loss);
  }
  FakeTask* Task(uint32_t rank) {
    for (auto& [address, node] : cluster.nodes()) {
      const auto found = node.tasks.find({job, rank});
      if (found != node.tasks.end()) return &found->second;
    }
    return nullptr;
  }
  void Teach(const std::function<double(uint64_t)>& loss) {
    REQUIRE(Task(0) != nullptr);
    Task(0)->loss = loss;
  }
  // The task's report goes out as it is.
  void Say(uint32_t rank) {
    v1::SyncTaskRequest* report = &Task(rank)->report;
    report->set_sequence(report->sequence() + 1);
    REQUIRE(cluster.core().SyncTask(*report, cluster.now()).ok());
  }
  const v1::JobRecord& Record() const { return cluster.Job(job); }
  v1::RunSummary Summary() const { return cluster.View(job).summary(); }
};

TEST_CASE("a job ends two evaluations after the last that was not better, in every policy") {
  const auto policy = GENERATE(v1::POLICY_BSP, v1::POLICY_SSP, v1::POLICY_ASP);
  Training t(policy);
  REQUIRE(t.cluster.RunUntilEnded(t.job));
  CHECK(t.cluster.StateOf(t.job) == v1::JOB_STATE_SUCCEEDED);
  CHECK(t.Record().last_iteration() == 70);
  CHECK(t.Record().reason() ==
        "stopped early: loss has not got better than 70 (iteration 30) in 2 evaluations");
  CHECK(t.Summary().stopped_early());
  CHECK(t.Summary().best_iteration() == 30);
  CHECK(t.cluster.View(t.job).iterations_total() == 70);
  if (policy == v1::POLICY_BSP) CHECK(t.Summary().iterations() == 2 * 70);
}

TEST_CASE("without patience the same job trains to its end") {
  Training t(v1::POLICY_BSP, [](v1::JobSpec* spec) {
    spec->clear_evaluation();
    Rounds(spec, 100);
  });
  REQUIRE(t.cluster.RunUntilEnded(t.job));
  CHECK(t.Summary().iterations() == 2 * 100);
  CHECK_FALSE(t.Summary().stopped_early());
  CHECK(t.Summary().best_iteration() == 0);
  CHECK(t.Record().reason().empty());
}

TEST_CASE("evaluations too late to end anything do not") {
  Training t(v1::POLICY_BSP, [](v1::JobSpec* spec) { Rounds(spec, 70); });
  REQUIRE(t.cluster.RunUntilEnded(t.job));
  CHECK(t.Record().last_iteration() == 0);
  CHECK_FALSE(t.Summary().stopped_early());
  CHECK(t.Summary().best_iteration() == 30);
}

TEST_CASE("a task hears where training ends, whether all know, and what was taken in") {
  Training t(v1::POLICY_BSP);
  while (t.Record().last_iteration() == 0) t.cluster.Step();
  const auto reply = [&](uint32_t rank) {
    return t.cluster.core().TaskReply(t.Task(rank)->report, t.cluster.now()).reply;
  };
  t.Task(1)->report.set_last_iteration(0);
  t.Say(1);
  CHECK(reply(1).last_iteration() == 70);
  CHECK(reply(1).evals_seen() == 0);
  CHECK_FALSE(reply(0).last_iteration_known());
  CHECK(reply(0).evals_seen() == 5);
  for (const uint32_t rank : {0, 1}) {
    t.Task(rank)->report.set_last_iteration(70);
    t.Say(rank);
  }
  CHECK(reply(0).last_iteration_known());
}

TEST_CASE("what was decided outlives the scheduler, and repeated evaluations change nothing") {
  Training t(v1::POLICY_BSP);
  while (t.Record().last_eval_iteration() < 40) t.cluster.Step();
  REQUIRE(t.cluster.RestartScheduler().ok());
  CHECK(t.Record().evals_since_best() == 1);
  CHECK(t.Record().best_eval().iteration() == 30);
  REQUIRE(t.cluster.RunUntilEnded(t.job));
  CHECK(t.Record().last_iteration() == 70);
}

TEST_CASE("bsp: an evaluation that was lost with its task is made again") {
  Training t(v1::POLICY_BSP);
  while (t.Record().last_eval_iteration() < 20) t.cluster.Step();
  // The next one that is heard is that before 40.
  FakeTask* zero = t.Task(0);
  zero->loss = nullptr;
  v1::EvalPoint* point = zero->report.add_evals();
  point->set_iteration(40);
  point->mutable_result()->set_loss(1);
  t.Say(0);
  CHECK(t.Record().last_eval_iteration() == 20);
  std::string reason;
  for (const v1::JobEvent& event : t.Record().events()) {
    if (event.kind() == "RECOVERING") reason = event.message();
  }
  CHECK(reason == "the evaluation before iteration 30 was lost with its task");
  REQUIRE(t.cluster.RunUntil(t.job, v1::JOB_STATE_RUNNING));
  t.Teach(Falls);
  REQUIRE(t.cluster.RunUntilEnded(t.job));
  CHECK(t.Record().rollbacks() == 1);
  CHECK(t.Record().last_iteration() == 70);
}

TEST_CASE("keep_best: the cut of the best evaluation outlives newer ones, and is named") {
  Training t(v1::POLICY_ASP, [](v1::JobSpec* spec) {
    spec->mutable_checkpoint()->set_keep_best(true);
    spec->mutable_checkpoint()->set_keep(1);
    spec->mutable_evaluation()->set_patience(20);
  });
  REQUIRE(t.cluster.RunUntilEnded(t.job));
  CHECK(t.Record().last_iteration() == 30 + 20 * 10 + 20);
  const v1::Job job = t.cluster.View(t.job);
  REQUIRE(job.cuts_size() == 2);
  CHECK(job.cuts(0).best());
  CHECK(job.cuts(0).iteration() >= 30);
  CHECK(job.cuts(0).iteration() < 50);
  CHECK_FALSE(job.cuts(1).best());
  CHECK(job.cuts(1).iteration() == 250);
}

}  // namespace
}  // namespace paceline::scheduler
