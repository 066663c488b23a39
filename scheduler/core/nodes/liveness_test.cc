#include "scheduler/core/nodes/liveness.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"

namespace paceline::scheduler {
namespace {

int LostNodes(FakeCluster* cluster) {
  int lost = 0;
  for (const auto& [id, node] : cluster->core().state().nodes()) lost += node.lost() ? 1 : 0;
  return lost;
}

void AddMany(FakeCluster* cluster, int workers) {
  cluster->AddServer("s");
  for (int i = 0; i < workers; ++i) cluster->AddWorker("w" + std::to_string(i), 1);
  cluster->Step();
}

void Steps(FakeCluster* cluster, int count) {
  for (int i = 0; i < count; ++i) cluster->Step();
}

TEST_CASE("a node is lost after four heartbeats of silence, not before") {
  FakeCluster cluster;
  AddMany(&cluster, 2);
  cluster.node("w0").alive = false;
  Steps(&cluster, 3);
  CHECK(LostNodes(&cluster) == 0);
  Steps(&cluster, 2);
  CHECK(LostNodes(&cluster) == 1);
  // Heard again, the same process is who it was.
  cluster.node("w0").alive = true;
  cluster.Step();
  CHECK(LostNodes(&cluster) == 0);
  const v1::NodeRecord& node = *cluster.core().state().FindNode(v1::NODE_ROLE_WORKER, "w0");
  CHECK(node.incarnation() == 1);
  CHECK(NodeName(node) == "worker 2 (w0)");
  // A new process is a new incarnation.
  cluster.AddWorker("w0", 1);
  cluster.Step();
  CHECK(cluster.core().state().FindNode(node.node_id())->incarnation() == 2);
}

TEST_CASE("most of a cluster silent at once: an alarm, nobody is lost, all goes on when it heals") {
  FakeCluster cluster;
  AddMany(&cluster, 4);
  v1::JobSpec spec = CountingSpec(4, 1, v1::POLICY_ASP);
  spec.mutable_train()->set_iterations(1000);
  const uint64_t job = cluster.Submit(spec);
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  for (const char* name : {"w0", "w1", "w2"}) cluster.node(name).alive = false;
  Steps(&cluster, 20);
  CHECK(LostNodes(&cluster) == 0);
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
  const std::string alarm = cluster.core().DescribeCluster(cluster.now()).alarm();
  CHECK(alarm.find("3 of 5 nodes fell silent at once") == 0);
  CHECK(cluster.View(job).reason() == alarm);
  // Heals in part: those that stay silent are lost four heartbeats later.
  cluster.node("w0").alive = true;
  Steps(&cluster, 3);
  CHECK(LostNodes(&cluster) == 0);
  Steps(&cluster, 3);
  CHECK(cluster.core().DescribeCluster(cluster.now()).alarm().empty());
  CHECK(LostNodes(&cluster) == 2);
  // Their ranks wait for the slots that are left: none.
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
  CHECK(cluster.View(job).reason().find("2 ranks wait for a worker, 0 slots free") == 0);
}

TEST_CASE("an alarm that heals costs no job") {
  FakeCluster cluster;
  AddMany(&cluster, 4);
  const uint64_t job = cluster.Submit(RecordsSpec(4, 1, v1::POLICY_BSP, 4, 1));
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_PLACING));
  for (const char* name : {"w0", "w1", "w2"}) cluster.node(name).alive = false;
  Steps(&cluster, 10);
  for (const char* name : {"w0", "w1", "w2"}) cluster.node(name).alive = true;
  REQUIRE(cluster.RunUntilEnded(job));
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_SUCCEEDED);
}

TEST_CASE("no alarm: small clusters, half of one, and nodes that said they would go") {
  FakeCluster cluster;
  std::string silent;
  int lost = 2;
  SECTION("three nodes") { AddMany(&cluster, 2); }
  SECTION("two of five") { AddMany(&cluster, 4); }
  SECTION("draining nodes") {
    AddMany(&cluster, 4);
    for (const char* name : {"w0", "w1", "w2"}) {
      cluster.node(name).report.set_draining(true);
    }
    cluster.Step();
    cluster.node("w2").alive = false;
    lost = 3;
  }
  cluster.node("w0").alive = false;
  cluster.node("w1").alive = false;
  Steps(&cluster, 6);
  CHECK(cluster.core().DescribeCluster(cluster.now()).alarm().empty());
  CHECK(LostNodes(&cluster) == lost);
}

TEST_CASE("silence is counted from the scheduler's own start, with a grace") {
  FakeCluster cluster;
  AddMany(&cluster, 2);
  cluster.Advance(absl::Seconds(3));
  REQUIRE_OK(cluster.RestartScheduler());
  cluster.Advance(absl::Seconds(4.5));
  CHECK(LostNodes(&cluster) == 0);
  cluster.Advance(absl::Seconds(1));
  CHECK(LostNodes(&cluster) == 3);
}

TEST_CASE("a lost node that holds nothing is forgotten in the end") {
  FakeCluster cluster;
  AddMany(&cluster, 1);
  cluster.node("w0").alive = false;
  Steps(&cluster, 6);
  CHECK(cluster.core().state().nodes().size() == 2);
  for (int minute = 0; minute < 11; ++minute) {
    cluster.Step();
    cluster.Advance(absl::Minutes(1));
  }
  CHECK(cluster.core().state().FindNode(v1::NODE_ROLE_WORKER, "w0") == nullptr);
  // It comes back as a new node.
  cluster.node("w0").alive = true;
  cluster.Step();
  CHECK(cluster.core().state().FindNode(v1::NODE_ROLE_WORKER, "w0")->node_id() == 3);
}

TEST_CASE("nothing new is placed on a node that drains") {
  FakeCluster cluster;
  AddMany(&cluster, 1);
  cluster.node("w0").report.set_draining(true);
  cluster.Step();
  const uint64_t job = cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  CHECK(cluster.View(job).reason() == "needs 1 workers, 0 free");
}

}  // namespace
}  // namespace paceline::scheduler
