// Jobs that evaluations end early, over a lossy network: tasks die and hang, servers and
// workers are killed and come back, and so is the scheduler.
//
// Under bsp every rank ends at the same iteration, which the evaluations alone decide: one
// that was lost with its task, or with what it read, is made again.
#include <catch2/catch.hpp>
#include <functional>
#include <utility>

#include "scheduler/core/fake_cluster.h"
#include "tests/sim/event_loop.h"
#include "tests/sim/invariants.h"
#include "tests/sim/network.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim_cluster.h"

namespace paceline::sim {
namespace {

constexpr absl::Duration kLimit = absl::Minutes(60);
constexpr uint64_t kEvery = 5;
constexpr uint32_t kPatience = 2;
// The best evaluation is that before iteration 30 (sim_task.cc).
constexpr uint64_t kBest = 30;
constexpr uint64_t kEnd = kBest + (kPatience + 2) * kEvery;

class Story {
 public:
  explicit Story(uint64_t seed)
      : random_(seed),
        network_(&loop_, &random_, Faults()),
        cluster_(Shape()),
        invariants_(&cluster_) {
    loop_.After(absl::Seconds(1), [this] { Submit(); });
    for (uint64_t hurt = random_.Below(4); hurt > 0; --hurt) After([this] { Hurt(); });
    if (random_.Chance(0.5)) {
      After([this] {
        cluster_.RestartScheduler(random_.Between(absl::ZeroDuration(), absl::Seconds(5)));
      });
    }
  }

  // Rollbacks that the job lived through.
  double Run() {
    while (job_ == 0 || invariants_.EndOf(job_) == v1::JOB_STATE_UNSPECIFIED) {
      if (!loop_.RunOne()) FAIL("nothing happens any more");
      invariants_.Watch();
      if (loop_.now() > kLimit) {
        for (const auto& task : cluster_.tasks()) UNSCOPED_INFO(task->Describe());
        FAIL("the job does not end");
      }
    }
    while (!cluster_.scheduler_up()) loop_.RunOne();
    const auto job = cluster_.core().GetJob(job_, cluster_.now());
    REQUIRE(job.ok());
    INFO(job->ShortDebugString());
    REQUIRE(job->state() == v1::JOB_STATE_SUCCEEDED);
    const v1::RunSummary& summary = job->summary();
    CHECK(summary.stopped_early());
    if (policy_ == v1::POLICY_BSP) {
      CHECK(summary.best_iteration() == kBest);
      CHECK(summary.iterations() == summary.ranks() * kEnd);
      CHECK(cluster_.core().state().FindJob(job_)->last_iteration() == kEnd);
    }
    return summary.rollbacks();
  }

 private:
  NetworkFaults Faults() {
    NetworkFaults faults;
    faults.lose_request = random_.Chance(0.5) ? 0.1 : 0;
    faults.lose_reply = random_.Chance(0.5) ? 0.1 : 0;
    faults.duplicate = random_.Chance(0.5) ? 0.2 : 0;
    faults.most_delay = random_.Between(absl::Milliseconds(2), absl::Milliseconds(100));
    return faults;
  }

  SimCluster::Options Shape() {
    SimCluster::Options options;
    options.loop = &loop_;
    options.random = &random_;
    options.network = &network_;
    options.servers = 1 + random_.Below(3);
    options.workers = 1 + random_.Below(3);
    options.slots = 1 + random_.Below(2);
    options.records = 50;
    slots_ = options.workers * options.slots;
    servers_ = options.servers;
    return options;
  }

  void Submit() {
    if (!cluster_.scheduler_up()) {
      loop_.After(absl::Seconds(1), [this] { Submit(); });
      return;
    }
    policy_ = random_.Chance(0.7) ? v1::POLICY_BSP : v1::POLICY_ASP;
    v1::SubmitJobRequest request;
    v1::JobSpec& spec = *request.mutable_spec();
    // Far more than it takes.
    spec = scheduler::RecordsSpec(1 + random_.Below(slots_), 1 + random_.Below(servers_), policy_,
                                  /*global_batch=*/8, /*epochs=*/200);
    spec.mutable_data()->set_holdout(0.1);
    spec.mutable_train()->set_eval_every_iterations(kEvery);
    spec.mutable_evaluation()->set_patience(kPatience);
    spec.mutable_checkpoint()->set_keep(1 + random_.Below(3));
    if (random_.Chance(0.7)) {
      spec.mutable_checkpoint()->set_every_iterations(1 + random_.Below(7));
    }
    const auto id = cluster_.Submit(request);
    INFO(id.status());
    REQUIRE(id.ok());
    job_ = *id;
  }

  void After(std::function<void()> event) {
    loop_.After(random_.Between(absl::Seconds(2), absl::Seconds(30)), std::move(event));
  }

  void Hurt() {
    const absl::Duration down = random_.Between(absl::ZeroDuration(), absl::Seconds(10));
    uint64_t what = random_.Below(4);
    // Three deaths of a rank at the same iteration fail its job by rights.
    if (what > 1 && ++task_deaths_ > 2) what = 0;
    switch (what) {
      case 0:
        return cluster_.RestartServer(down);
      case 1:
        return cluster_.RestartWorker(down);
      case 2:
        cluster_.HangTask();
        return;
      default:
        cluster_.KillTask();
    }
  }

  EventLoop loop_;
  Random random_;
  Network network_;
  uint64_t slots_ = 1;
  uint64_t servers_ = 1;
  int task_deaths_ = 0;
  SimCluster cluster_;
  Invariants invariants_;
  v1::Policy policy_ = v1::POLICY_BSP;
  uint64_t job_ = 0;
};

TEST_CASE("evaluations end a job at the same iteration, whatever fails") {
  double rollbacks = 0;
  const uint64_t seeds = ForEachSeed([&](uint64_t seed) { rollbacks += Story(seed).Run(); });
  if (seeds >= 50) CHECK(rollbacks > 0);
}

}  // namespace
}  // namespace paceline::sim
