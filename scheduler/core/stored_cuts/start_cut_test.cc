#include "scheduler/core/stored_cuts/start_cut.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_matchers.h"
#include "proto/job.pb.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

// A job that was cancelled amid its training, and its cuts.
struct Cancelled {
  FakeCluster cluster;
  v1::JobSpec spec;
  uint64_t job = 0;

  explicit Cancelled(v1::Policy policy) {
    cluster.records = 10000;
    AddSmallCluster(&cluster);
    spec = RecordsSpec(2, 2, policy, 10, 1);
    spec.mutable_checkpoint()->set_every_iterations(50);
    job = cluster.Submit(spec);
    for (int i = 0; i < 500 && cluster.View(job).cuts_size() < 2; ++i) cluster.Step();
    REQUIRE(cluster.View(job).cuts_size() == 2);
    v1::CancelJobRequest cancel;
    cancel.set_job_id(job);
    REQUIRE_OK(cluster.core().Cancel(cancel, cluster.now()).status());
    for (int i = 0; i < 5; ++i) cluster.Step();
  }
  absl::StatusOr<uint64_t> Submit(const std::string& cut,
                                  const std::function<void(v1::JobSpec*)>& change) {
    v1::SubmitJobRequest request;
    *request.mutable_spec() = spec;
    request.mutable_spec()->mutable_start()->set_cut(cut);
    change(request.mutable_spec());
    return cluster.TrySubmit(request);
  }
  absl::StatusOr<uint64_t> Submit(const std::string& cut) {
    return Submit(cut, [](v1::JobSpec*) {});
  }
};

TEST_CASE("A job goes on from a cut of another: files, progress and grants") {
  const v1::Policy policy = GENERATE(v1::POLICY_BSP, v1::POLICY_ASP);
  CAPTURE(policy);
  Cancelled c(policy);
  REQUIRE_OK_AND_ASSIGN(const uint64_t job, c.Submit("1@2"));
  const v1::JobRecord& record = c.cluster.Job(job);
  CHECK(record.start().iteration() > 0);
  CHECK(record.start().cut().dir() == c.cluster.Job(1).cuts(1).dir());
  CHECK(record.start().cut().part() == v1::RestoreOrder::UNFINISHED);
  CHECK(record.start().grants_size() == (policy == v1::POLICY_BSP ? 0 : 2));
  REQUIRE(c.cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  if (policy == v1::POLICY_ASP) {
    CHECK(record.ranks(0).grants_size() >= record.start().grants(0).grants_size());
    CHECK(record.start().grants(0).grants_size() > 0);
  }
  std::string placed;
  const v1::Job view = c.cluster.View(job);
  for (const v1::JobEvent& event : view.events()) {
    if (event.kind() == "SHARDS_PLACED") placed = event.message();
  }
  CHECK_THAT(placed, Catch::Contains(", from cut 1@2"));
}

TEST_CASE("A job without a cut of its best evaluation has none to start from") {
  Cancelled c(v1::POLICY_BSP);
  CHECK_STATUS(c.Submit("1@best"), absl::StatusCode::kNotFound,
               "job 1 has no cut of its best evaluation (it has ");
}

TEST_CASE("A cut is named by its number, or as the newest of its job") {
  Cancelled c(v1::POLICY_BSP);
  REQUIRE_OK_AND_ASSIGN(const uint64_t job, c.Submit("1"));
  CHECK(c.cluster.Job(job).spec().start().cut() == "1@2");
  CHECK_STATUS(c.Submit("1@7"), absl::StatusCode::kNotFound, "job 1 has no cut 7 (it has 1, 2)");
  CHECK_STATUS(c.Submit("9"), absl::StatusCode::kNotFound, "job 9 does not exist");
  CHECK_STATUS(c.Submit("1@2@3"), absl::StatusCode::kInvalidArgument, "JOB@CUT");
}

TEST_CASE("A job that trains otherwise is told what differs, and may take the weights") {
  Cancelled c(v1::POLICY_BSP);
  struct Case {
    std::function<void(v1::JobSpec*)> change;
    std::string part;
  };
  const std::vector<Case> cases = {
      {[](v1::JobSpec* s) { s->mutable_train()->set_global_batch(11); },
       "train.global_batch 10, this job has 11"},
      {[](v1::JobSpec* s) { s->mutable_train()->set_seed(5); }, "train.seed"},
      {[](v1::JobSpec* s) { s->mutable_resources()->set_workers(1); }, "resources.workers 2"},
      {[](v1::JobSpec* s) { s->mutable_consistency()->set_policy(v1::POLICY_SSP); },
       "consistency.policy bsp, this job has ssp or asp"},
      {[](v1::JobSpec* s) {
         s->mutable_train()->mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAM);
       },
       "train.optimizer.kind sgd, this job has adam"},
      {[](v1::JobSpec* s) { s->mutable_data()->set_scale(2); }, "data"},
  };
  for (const Case& one : cases) {
    CHECK_STATUS(c.Submit("1@1", one.change), absl::StatusCode::kFailedPrecondition, one.part);
    const auto weights = c.Submit("1@1", [&](v1::JobSpec* spec) {
      one.change(spec);
      spec->mutable_start()->set_weights_only(true);
    });
    REQUIRE_OK(weights.status());
    const v1::StartPoint& start = c.cluster.Job(*weights).start();
    CHECK(start.cut().part() == v1::RestoreOrder::WEIGHTS);
    CHECK(start.grants().empty());
  }
  // More epochs, another learning rate and other servers are no other training.
  CHECK_OK(c.Submit("1@1", [](v1::JobSpec* spec) {
              spec->mutable_train()->set_epochs(7);
              spec->mutable_train()->mutable_optimizer()->set_learning_rate(0.5);
              spec->mutable_resources()->set_servers(1);
            }).status());
}

TEST_CASE("Other data than the cut was trained on fail the job, saying so") {
  Cancelled c(v1::POLICY_BSP);
  c.cluster.records = 9999;
  REQUIRE_OK_AND_ASSIGN(const uint64_t job, c.Submit("1@1"));
  REQUIRE(c.cluster.RunUntilEnded(job));
  CHECK(c.cluster.StateOf(job) == v1::JOB_STATE_FAILED);
  CHECK_THAT(c.cluster.Job(job).reason(),
             Catch::Contains("cut 1@1 was taken with training records 10000, this job has 9999"));
}

TEST_CASE("A cut that another job starts from is kept until that job has its own") {
  FakeCluster cluster;
  cluster.records = 100000;
  cluster.AddServer("s1");
  cluster.AddWorker("w1", 2);
  v1::JobSpec spec = RecordsSpec(1, 1, v1::POLICY_ASP, 10, 1);
  spec.mutable_checkpoint()->set_every_iterations(10);
  spec.mutable_checkpoint()->set_keep(1);
  const uint64_t first = cluster.Submit(spec);
  for (int i = 0; i < 500 && cluster.View(first).cuts_size() < 1; ++i) cluster.Step();
  const uint64_t cut = cluster.Job(first).cuts(0).cut_id();
  v1::JobSpec second = spec;
  second.mutable_start()->set_cut(absl::StrCat("1@", cut));
  second.mutable_checkpoint()->set_every_iterations(100);
  const uint64_t next = cluster.Submit(second);
  REQUIRE(next != 0);
  CHECK(IsPinned(cluster.core().state(), first, cut));
  // The first goes on taking cuts, and keeps this one beside the newest.
  for (int i = 0; i < 60; ++i) cluster.Step();
  CHECK(cluster.Job(first).cuts(0).cut_id() == cut);
  CHECK(cluster.Job(first).cuts_size() == 2);
  for (int i = 0; i < 1000 && cluster.Job(next).cuts().empty(); ++i) cluster.Step();
  for (int i = 0; i < 60; ++i) cluster.Step();
  CHECK_FALSE(IsPinned(cluster.core().state(), first, cut));
  CHECK(cluster.Job(first).cuts(0).cut_id() != cut);
  CHECK(cluster.Job(first).cuts_size() == 1);
}

}  // namespace
}  // namespace paceline::scheduler
