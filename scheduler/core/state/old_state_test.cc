// A scheduler that goes on from an older state than the one its nodes have seen.
#include "scheduler/core/state/old_state.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "common/scheduler_memory/scheduler_memory.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/scheduler_core.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/state/memory_journal.h"

namespace paceline::scheduler {
namespace {

// Puts an older state in the place of the cluster's, as a restore does, and starts.
absl::Status RestoreAndStart(FakeCluster* cluster, const v1::StateSnapshot& state) {
  cluster->journal() = MemoryJournal();
  const absl::Status written = cluster->journal().Compact(state);
  if (!written.ok()) return written;
  return cluster->RestartScheduler();
}

TEST_CASE("faults row 7: a copy that is older by a single entry is found out as well") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const v1::StateSnapshot old = cluster.core().state().Snapshot();
  cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP));
  const uint64_t written = cluster.core().state().journal_index() - old.journal_index();
  cluster.Step();
  SchedulerMemory memory;
  REQUIRE_OK(memory.Check(cluster.core().Identity()));

  REQUIRE_OK(RestoreAndStart(&cluster, old));
  // Let it write until it is as long as the one that was seen, and longer.
  while (cluster.core().state().journal_index() <= old.journal_index() + written + 3) {
    cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP));
    CHECK_STATUS(memory.Check(cluster.core().Identity()), absl::StatusCode::kFailedPrecondition,
                 "has an older journal");
  }
  // Nor does it help to start it again and again.
  for (int start = 0; start < 3; ++start) {
    CHECK_STATUS(cluster.core().Heartbeat(cluster.node("s1").report, cluster.now()),
                 absl::StatusCode::kAborted, "node at s1");
    CHECK_STATUS(cluster.core().stale(), absl::StatusCode::kAborted, "generation 1,");
    REQUIRE_OK(cluster.RestartScheduler());
  }
  // A task that is heard first finds it out as well, and is not told to go.
  v1::SyncTaskRequest task;
  task.set_job_id(1);
  *task.mutable_scheduler() = memory.last();
  CHECK_STATUS(cluster.core().SyncTask(task, cluster.now()), absl::StatusCode::kAborted,
               "the task of job 1, rank 0, has heard (generation 1,");
}

TEST_CASE("an old state that is accepted moves past all that nodes have seen") {
  for (const v1::Policy policy : {v1::POLICY_BSP, v1::POLICY_ASP}) {
    FakeCluster cluster;
    cluster.records = 400;
    AddSmallCluster(&cluster);
    const uint64_t ended = cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP), "ended");
    REQUIRE(cluster.RunUntilEnded(ended));
    const uint64_t running = cluster.Submit(RecordsSpec(2, 2, policy, 10, 5), "running");
    REQUIRE(cluster.RunUntil(running, v1::JOB_STATE_RUNNING));
    const uint64_t waiting = cluster.Submit(RecordsSpec(4, 2, policy, 10, 1), "waiting");
    const v1::StateSnapshot old = cluster.core().state().Snapshot();
    const v1::Job ended_then = cluster.View(ended);

    // A future that will be given up: the running job ends, the waiting one runs, two
    // more are submitted.
    REQUIRE(cluster.RunUntilEnded(running));
    const uint64_t later = cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP), "later");
    REQUIRE(cluster.RunUntil(waiting, v1::JOB_STATE_RUNNING));
    std::map<std::string, SchedulerMemory> memories;
    for (const auto& [address, node] : cluster.nodes()) {
      REQUIRE_OK(memories[address].Check(node.report.scheduler()));
    }
    const v1::SchedulerIdentity seen = cluster.core().Identity();
    const uint64_t seen_timeline = cluster.Job(waiting).map().timeline();

    cluster.options.accept_old_state = true;
    REQUIRE_OK(RestoreAndStart(&cluster, old));
    CHECK(cluster.core().state().FindJob(later) == nullptr);
    cluster.Step();
    CHECK_OK(cluster.core().stale());
    const v1::SchedulerIdentity moved = cluster.core().Identity();
    CHECK(moved.generation() > seen.generation());
    CHECK(moved.start_index() > seen.journal_index());
    for (auto& [address, memory] : memories) CHECK_OK(memory.Check(moved));
    // The one that was given up is fenced now.
    CHECK(cluster.View(ended).SerializeAsString() == ended_then.SerializeAsString());

    // Names that were given are not given again.
    CHECK(cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP), "new") > later);
    REQUIRE(cluster.RunUntilEnded(running));
    CHECK(cluster.StateOf(running) == v1::JOB_STATE_SUCCEEDED);
    // Once for every node that has heard more than those before it.
    CHECK(cluster.Job(running).rollbacks() >= 1);
    REQUIRE(cluster.RunUntilEnded(waiting));
    CHECK(cluster.StateOf(waiting) == v1::JOB_STATE_SUCCEEDED);
    CHECK(cluster.Job(waiting).cut().timeline() > seen_timeline);
    for (const v1::RankRecord& rank : cluster.Job(waiting).ranks()) CHECK(rank.incarnation() >= 1);
    for (int i = 0; i < 10; ++i) cluster.Step();
    CHECK(cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP), "ended") == ended);

    // The next start needs no flag: the journal is the one that nodes have seen.
    cluster.options.accept_old_state = false;
    REQUIRE_OK(cluster.RestartScheduler());
    cluster.Step();
    CHECK_OK(cluster.core().stale());
  }
}

TEST_CASE("the scheduler that was given up is fenced by the nodes of the one that was accepted") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const v1::StateSnapshot old = cluster.core().state().Snapshot();
  cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP));
  cluster.Step();
  const v1::StateSnapshot given_up = cluster.core().state().Snapshot();
  cluster.options.accept_old_state = true;
  REQUIRE_OK(RestoreAndStart(&cluster, old));
  cluster.Step();
  cluster.options.accept_old_state = false;
  REQUIRE_OK(RestoreAndStart(&cluster, given_up));
  CHECK_STATUS(cluster.core().Heartbeat(cluster.node("w1").report, cluster.now()),
               absl::StatusCode::kAborted, "node at w1");
}

}  // namespace
}  // namespace paceline::scheduler
