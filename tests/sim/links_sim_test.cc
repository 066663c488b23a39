// A link between a task and a server is cut while the scheduler hears both.
#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "common/check.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"
#include "tests/sim/event_loop.h"
#include "tests/sim/invariants.h"
#include "tests/sim/network.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim_cluster.h"

namespace paceline::sim {
namespace {

constexpr uint64_t kRecords = 50;

// One rank, two servers, two workers with a slot each, and no other faults.
class Story {
 public:
  explicit Story(uint64_t seed)
      : random_(seed), network_(&loop_, &random_, {}), cluster_(Shape()), invariants_(&cluster_) {
    Run(absl::Seconds(1));
    v1::SubmitJobRequest request;
    request.set_request_id("one");
    *request.mutable_spec() = scheduler::RecordsSpec(1, 2, v1::POLICY_BSP, 8, 200);
    job_ = *cluster_.core().Submit(request, std::nullopt, cluster_.now());
    Run(absl::Seconds(5));
    REQUIRE(Job().state() == v1::JOB_STATE_RUNNING);
  }

  void Run(absl::Duration time) {
    const absl::Duration end = loop_.now() + time;
    while (loop_.now() < end) {
      PL_CHECK(loop_.RunOne());
      invariants_.Watch();
    }
  }
  v1::Job Job() { return *cluster_.core().GetJob(job_, cluster_.now()); }
  std::string Worker() { return Job().ranks(0).worker_address(); }
  std::string Server() { return Job().placement(static_cast<int>(random_.Below(2))).address(); }
  void Cut(const std::string& worker, const std::string& server, absl::Duration down) {
    const uint64_t ways = random_.Below(3);
    if (ways != 0) cluster_.CutLink(worker, server, down);
    if (ways != 1) cluster_.CutLink(server, worker, down);
  }
  // The job ends well, with this many restarts and rollbacks.
  void Finish(double restarts, double rollbacks) {
    for (int i = 0; i < 300 && !scheduler::HasEnded(Job().state()); ++i) Run(absl::Seconds(1));
    const v1::Job job = Job();
    INFO(job.ShortDebugString());
    REQUIRE(job.state() == v1::JOB_STATE_SUCCEEDED);
    CHECK(job.summary().samples() == 200 * kRecords);
    CHECK(job.summary().restarts() == restarts);
    CHECK(job.summary().rollbacks() == rollbacks);
    invariants_.CheckExact(job_, kRecords);
    invariants_.CheckReplay();
  }

 private:
  SimCluster::Options Shape() {
    SimCluster::Options options;
    options.loop = &loop_;
    options.random = &random_;
    options.network = &network_;
    options.servers = 2;
    options.workers = 2;
    options.records = kRecords;
    return options;
  }

  EventLoop loop_;
  Random random_;
  Network network_;
  SimCluster cluster_;
  Invariants invariants_;
  uint64_t job_ = 0;
};

// Minutes of a cluster's life each.
constexpr uint64_t kOneIn = 20;

TEST_CASE("faults row 8: a cut shorter than four heartbeats is not noticed") {
  ForEachSeed(
      [](uint64_t seed) {
        Story story(seed);
        story.Cut(story.Worker(), story.Server(), absl::Seconds(2));
        story.Finish(0, 0);
      },
      kOneIn);
}

TEST_CASE("faults row 8: a rank cut off from a server is moved, and nothing is rolled back") {
  ForEachSeed(
      [](uint64_t seed) {
        Story story(seed);
        const std::string worker = story.Worker();
        story.Cut(worker, story.Server(), absl::Seconds(40));
        story.Run(absl::Seconds(10));
        CHECK(story.Worker() != worker);
        story.Finish(1, 0);
      },
      kOneIn);
}

TEST_CASE("faults row 8: a server that no worker reaches is given up like a lost one") {
  ForEachSeed(
      [](uint64_t seed) {
        Story story(seed);
        const std::string server = story.Server();
        for (const char* worker : {"worker-2", "worker-3"}) {
          story.Cut(worker, server, absl::Minutes(10));
        }
        // The rank is moved first; then two workers have seen it.
        story.Run(absl::Seconds(30));
        const v1::Job job = story.Job();
        for (const v1::ShardPlacement& placement : job.placement()) {
          CHECK(placement.address() != server);
        }
        story.Finish(1, 1);
      },
      kOneIn);
}

}  // namespace
}  // namespace paceline::sim
