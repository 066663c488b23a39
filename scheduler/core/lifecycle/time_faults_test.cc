// What slow nodes and wall clocks that jump must not bring about.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

TEST_CASE("faults row 3: a straggler that pauses for less than four heartbeats keeps its rank") {
  // In tenths of a heartbeat: how long it is silent between two signs of life.
  for (const int pause : {5, 19, 31, 39}) {
    FakeCluster cluster;
    cluster.records = 100000;
    AddSmallCluster(&cluster);
    const uint64_t job = cluster.Submit(RecordsSpec(2, 2, v1::POLICY_SSP, 10, 1));
    REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
    const absl::Duration tenth = cluster.options.plan.heartbeat / 10;
    for (int tick = 0; tick < 100 * pause; ++tick) {
      for (auto& [address, node] : cluster.nodes()) {
        if (tick % (address == "w2" ? pause : 10) != 0) continue;
        cluster.NodeSpeaks(node);
        for (auto& [key, task] : node.tasks) cluster.TaskSpeaks(node, task);
      }
      cluster.Advance(tenth);
    }
    INFO("pauses of " << pause << " tenths of a heartbeat");
    for (const auto& [id, node] : cluster.core().state().nodes()) CHECK_FALSE(node.lost());
    for (const v1::RankRecord& rank : cluster.Job(job).ranks()) CHECK(rank.incarnation() == 1);
    CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
    CHECK(cluster.View(job).summary().restarts() == 0);
  }
}

// The journal of a cluster that runs jobs, loses a worker, gets it back and restarts
// its scheduler, while the wall clock is moved by the next of `jumps_ms` before every
// step. Without what is said to people: times, and seconds counted from them.
std::vector<std::string> JournalUnder(const std::vector<int64_t>& jumps_ms) {
  FakeCluster cluster;
  cluster.records = 400;
  cluster.MoveWallClock(int64_t{1'700'000'000'000});
  AddSmallCluster(&cluster);
  const uint64_t first = cluster.Submit(RecordsSpec(2, 2, v1::POLICY_ASP, 10, 2), "a");
  const uint64_t second = cluster.Submit(RecordsSpec(4, 2, v1::POLICY_BSP, 10, 1), "b");
  for (int step = 0; step < 300; ++step) {
    if (!jumps_ms.empty()) {
      cluster.MoveWallClock(jumps_ms[static_cast<size_t>(step) % jumps_ms.size()]);
    }
    if (step == 6) cluster.node("w2").alive = false;
    if (step == 20) cluster.node("w2").alive = true;
    if (step == 30) REQUIRE_OK(cluster.RestartScheduler());
    cluster.Step();
  }
  CHECK(cluster.StateOf(first) == v1::JOB_STATE_SUCCEEDED);
  CHECK(cluster.StateOf(second) == v1::JOB_STATE_SUCCEEDED);
  std::vector<std::string> journal;
  for (v1::Update update : cluster.journal().updates()) {
    update.clear_time_ms();
    if (update.has_job_ended()) {
      v1::JobEnded* ended = update.mutable_job_ended();
      ended->mutable_summary()->clear_wall_seconds();
      for (v1::HistoryPoint& point : *ended->mutable_curves()->mutable_history()) {
        point.clear_time_ms();
      }
    }
    if (update.job_state_changed().has_finished()) {
      v1::JobFigures* finished = update.mutable_job_state_changed()->mutable_finished();
      finished->mutable_summary()->clear_wall_seconds();
    }
    journal.push_back(update.ShortDebugString());
  }
  return journal;
}

TEST_CASE("faults row 20: steps of the wall clock change no decision") {
  const std::vector<std::string> steady = JournalUnder({});
  REQUIRE(steady.size() > 50);
  constexpr int64_t kHour = 3'600'000;
  // Forward, back, to and fro, and a strobe.
  CHECK(JournalUnder({kHour}) == steady);
  CHECK(JournalUnder({-kHour}) == steady);
  CHECK(JournalUnder({kHour, 0, 0, -kHour, 0}) == steady);
  CHECK(JournalUnder({kHour, -kHour}) == steady);
}

}  // namespace
}  // namespace paceline::scheduler
