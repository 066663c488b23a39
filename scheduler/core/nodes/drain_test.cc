#include "scheduler/core/nodes/drain.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/scheduler_core.h"

namespace paceline::scheduler {
namespace {

v1::NodeStatus Drain(FakeCluster* cluster, const std::string& address, bool undo = false) {
  v1::DrainNodeRequest request;
  request.set_address(address);
  request.set_undo(undo);
  request.set_reason(undo ? "" : "new disks");
  const auto status = cluster->core().DrainNode(request, cluster->now());
  REQUIRE_OK(status);
  return *status;
}

v1::NodeStatus StatusOf(FakeCluster* cluster, const std::string& address) {
  const v1::Cluster view = cluster->core().DescribeCluster(cluster->now());
  for (const v1::NodeStatus& node : view.nodes()) {
    if (node.address() == address) return node;
  }
  return {};
}

// A job that runs on for long.
uint64_t LongJob(FakeCluster* cluster, uint32_t workers, uint32_t servers) {
  v1::JobSpec spec = CountingSpec(workers, servers, v1::POLICY_BSP);
  spec.mutable_train()->set_iterations(100000);
  const uint64_t job = cluster->Submit(spec);
  REQUIRE(cluster->RunUntil(job, v1::JOB_STATE_RUNNING));
  return job;
}

std::set<std::string> WorkersOf(FakeCluster* cluster, uint64_t job) {
  std::set<std::string> workers;
  const v1::Job view = cluster->View(job);
  for (const v1::RankStatus& rank : view.ranks()) workers.insert(rank.worker_address());
  return workers;
}

std::set<std::string> ServersOf(FakeCluster* cluster, uint64_t job) {
  std::set<std::string> servers;
  for (const v1::ShardServer& server : cluster->Job(job).map().servers()) {
    servers.insert(server.address());
  }
  return servers;
}

TEST_CASE("ranks move off a worker that is drained, no death is counted") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t job = LongJob(&cluster, 2, 1);
  REQUIRE(WorkersOf(&cluster, job) == std::set<std::string>{"w1", "w2"});
  const uint64_t timeline = cluster.Job(job).map().timeline();
  Drain(&cluster, "w1");
  cluster.Step();
  cluster.Step();
  CHECK(WorkersOf(&cluster, job) == std::set<std::string>{"w2"});
  for (const v1::RankRecord& rank : cluster.Job(job).ranks()) CHECK(rank.deaths() == 0);
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
  CHECK(cluster.Job(job).map().timeline() == timeline);
  const v1::NodeStatus status = StatusOf(&cluster, "w1");
  CHECK(status.drain_requested());
  CHECK(status.draining());
  CHECK(status.drain_reason() == "new disks");
  CHECK(status.drain_waits_for() == "");
  CHECK(status.slots_used() == 0);
  // Nothing new comes, until it is taken back.
  const uint64_t second = cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  cluster.Step();
  CHECK(cluster.StateOf(second) == v1::JOB_STATE_PENDING);
  CHECK(cluster.View(second).reason() == "needs 1 workers, 0 free");
  Drain(&cluster, "w1", /*undo=*/true);
  CHECK(cluster.RunUntilEnded(second));
}

TEST_CASE("where no slot is free, ranks stay and the node says what it waits for") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t job = LongJob(&cluster, 4, 1);
  const v1::NodeStatus status = Drain(&cluster, "w1");
  CHECK(status.drain_waits_for() == "2 ranks of job 1: no free slot elsewhere");
  cluster.Step();
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
  CHECK(WorkersOf(&cluster, job) == std::set<std::string>{"w1", "w2"});
  // A worker joins.
  cluster.AddWorker("w3", 1);
  cluster.Step();
  cluster.Step();
  CHECK(StatusOf(&cluster, "w1").drain_waits_for() == "1 rank of job 1: no free slot elsewhere");
  cluster.AddWorker("w4", 1);
  cluster.Step();
  cluster.Step();
  cluster.Step();
  CHECK(StatusOf(&cluster, "w1").drain_waits_for() == "");
  CHECK(WorkersOf(&cluster, job) == std::set<std::string>{"w2", "w3", "w4"});
}

TEST_CASE("ranks also move off a worker that says it is about to end") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t job = LongJob(&cluster, 2, 1);
  cluster.node("w2").report.set_draining(true);
  cluster.Step();
  cluster.Step();
  cluster.Step();
  CHECK(WorkersOf(&cluster, job) == std::set<std::string>{"w1"});
  CHECK(cluster.node("w2").report.tasks().empty());
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
  CHECK_FALSE(StatusOf(&cluster, "w2").drain_requested());
}

TEST_CASE("shards leave a server that is drained after a cut for that") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t job = LongJob(&cluster, 2, 2);
  REQUIRE(ServersOf(&cluster, job) == std::set<std::string>{"s1", "s2"});
  CHECK(Drain(&cluster, "s1").drain_waits_for() ==
        "shards of job 1: a cut is taken before they move");
  for (int i = 0; i < 20; ++i) cluster.Step();
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
  CHECK(ServersOf(&cluster, job) == std::set<std::string>{"s2"});
  CHECK(cluster.Job(job).restore_cut() != 0);
  CHECK(cluster.Job(job).rollbacks() == 1);
  CHECK(StatusOf(&cluster, "s1").drain_waits_for() == "");
  CHECK(StatusOf(&cluster, "s1").live());
  // It stays that way.
  for (int i = 0; i < 20; ++i) cluster.Step();
  CHECK(cluster.Job(job).rollbacks() == 1);
}

TEST_CASE("the only server keeps its shards while it is drained, and nothing is cut for that") {
  FakeCluster cluster;
  cluster.AddServer("s1");
  cluster.AddWorker("w1", 2);
  cluster.Step();
  const uint64_t job = LongJob(&cluster, 2, 1);
  CHECK(Drain(&cluster, "s1").drain_waits_for() == "shards of job 1: no other server is live");
  for (int i = 0; i < 20; ++i) cluster.Step();
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
  CHECK(cluster.Job(job).rollbacks() == 0);
  CHECK(cluster.Job(job).last_cut_id() == 0);
  cluster.AddServer("s2");
  for (int i = 0; i < 20; ++i) cluster.Step();
  CHECK(ServersOf(&cluster, job) == std::set<std::string>{"s2"});
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
}

TEST_CASE("a drain outlives processes of node and scheduler, and a long absence") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  Drain(&cluster, "w1");
  REQUIRE_OK(cluster.RestartScheduler());
  cluster.AddWorker("w1", 2);
  cluster.Step();
  CHECK(StatusOf(&cluster, "w1").drain_requested());
  cluster.node("w1").alive = false;
  for (int i = 0; i < 20; ++i) cluster.Step();
  CHECK_FALSE(StatusOf(&cluster, "w1").live());
  cluster.options.plan.forget_node_after = absl::Seconds(1);
  REQUIRE_OK(cluster.RestartScheduler());
  for (int i = 0; i < 20; ++i) cluster.Step();
  REQUIRE(StatusOf(&cluster, "w1").drain_requested());
  // Taken back, it is forgotten as any other.
  Drain(&cluster, "w1", /*undo=*/true);
  cluster.Step();
  CHECK(StatusOf(&cluster, "w1").address() == "");
}

TEST_CASE("what is drained is named by number or by address") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const auto drain = [&](uint64_t id, const std::string& address, size_t reason_bytes = 0) {
    v1::DrainNodeRequest request;
    request.set_node_id(id);
    request.set_address(address);
    request.set_reason(std::string(reason_bytes, 'x'));
    return cluster.core().DrainNode(request, cluster.now());
  };
  CHECK_STATUS(drain(0, ""), absl::StatusCode::kInvalidArgument, "number or its address");
  CHECK_STATUS(drain(1, "s1"), absl::StatusCode::kInvalidArgument, "number or its address");
  CHECK_STATUS(drain(99, ""), absl::StatusCode::kNotFound, "node 99 does not exist");
  CHECK_STATUS(drain(0, "s9"), absl::StatusCode::kNotFound, "address s9");
  CHECK_STATUS(drain(1, "", 2000), absl::StatusCode::kInvalidArgument, "at most 1024 bytes");
  const uint64_t before = cluster.core().state().journal_index();
  REQUIRE_OK_AND_ASSIGN(const v1::NodeStatus status, drain(1, ""));
  CHECK(status.address() == "s1");
  CHECK(cluster.core().state().journal_index() == before + 1);
  // Asked for twice, journaled once.
  CHECK_OK(drain(1, ""));
  CHECK(cluster.core().state().journal_index() == before + 1);
}

}  // namespace
}  // namespace paceline::scheduler
