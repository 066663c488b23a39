// Starts on a long journal: how long they take is printed.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "common/clock.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/scheduler_core.h"
#include "scheduler/io/sqlite_journal.h"

namespace paceline::scheduler {
namespace {

// Two seconds are promised; a machine that does other things gets five times that.
constexpr absl::Duration kReady = absl::Seconds(10);

std::string TemporaryFile() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string folder = std::string(base == nullptr ? "/tmp" : base) + "/restart-XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  return folder + "/scheduler.db";
}

// A thousand jobs: most have ended, some run and hold grants, the others wait.
void LiveLong(FakeCluster* cluster) {
  cluster->records = 2000;
  AddSmallCluster(cluster);
  for (int i = 0; i < 900; ++i) {
    const v1::Policy policy = i % 2 == 0 ? v1::POLICY_ASP : v1::POLICY_BSP;
    const uint64_t job = cluster->Submit(RecordsSpec(2, 2, policy, 200, 1));
    REQUIRE(cluster->RunUntilEnded(job));
  }
  for (int i = 0; i < 20; ++i) cluster->AddWorker("more-" + std::to_string(i), 4);
  cluster->Step();
  for (int i = 0; i < 100; ++i) cluster->Submit(RecordsSpec(2, 2, v1::POLICY_ASP, 10, 20));
  for (int i = 0; i < 40; ++i) cluster->Step();
}

// Without what differs from start to start.
std::string Comparable(const ClusterState& state) {
  v1::StateSnapshot snapshot = state.Snapshot();
  snapshot.clear_journal_index();
  snapshot.clear_generation();
  snapshot.clear_start_nonce();
  snapshot.clear_generations();
  return snapshot.SerializeAsString();
}

TEST_CASE("faults row 6: a scheduler with a thousand jobs in its journal is ready in time") {
  FakeCluster cluster;
  // The whole history, as no scheduler leaves it behind.
  cluster.options.compact_after = std::numeric_limits<uint64_t>::max();
  REQUIRE_OK(cluster.RestartScheduler());
  LiveLong(&cluster);
  const std::string path = TemporaryFile();
  {
    REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(path));
    REQUIRE_OK(journal->Append(cluster.journal().updates()));
  }
  const size_t updates = cluster.journal().updates().size();
  const size_t active = cluster.core().state().active_jobs().size();
  REQUIRE(updates > 10000);
  REQUIRE(active > 50);
  const std::string live = Comparable(cluster.core().state());

  cluster.options.compact_after = SchedulerCore::Options().compact_after;
  RealClock clock;
  for (uint64_t start = 1; start <= 2; ++start) {
    const absl::Duration began = clock.Monotonic();
    REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(path));
    REQUIRE_OK_AND_ASSIGN(auto core,
                          SchedulerCore::Open(cluster.options, journal.get(), cluster.now()));
    const int listed = core->ListJobs({}, cluster.now()).jobs_size();
    const absl::Duration took = clock.Monotonic() - began;
    std::printf("start %d: %zu jobs, %zu of them not ended, %s: %.0f ms\n", static_cast<int>(start),
                core->state().jobs().size(), active,
                start == 1 ? (std::to_string(updates) + " updates").c_str() : "a snapshot",
                absl::ToDoubleMilliseconds(took));
    CHECK(took < kReady);
    CHECK(listed == 1000);
    CHECK(core->state().generation() == cluster.core().state().generation() + start);
    // The first start has put a snapshot in the place of the entries.
    CHECK(journal->entries() < 100);
    CHECK((Comparable(core->state()) == live));
  }
}

TEST_CASE("faults row 6: the journal of a scheduler that runs for long stays short") {
  FakeCluster cluster;
  cluster.options.compact_after = 200;
  REQUIRE_OK(cluster.RestartScheduler());
  AddSmallCluster(&cluster);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(cluster.RunUntilEnded(cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP))));
    CHECK(cluster.journal().entries() < 300);
  }
  CHECK(cluster.core().state().journal_index() > 1000);
  const std::string live = Comparable(cluster.core().state());
  REQUIRE_OK(cluster.RestartScheduler());
  CHECK((Comparable(cluster.core().state()) == live));
}

}  // namespace
}  // namespace paceline::scheduler
