// A start on a journal of a thousand jobs.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "common/clock.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/scheduler_core.h"
#include "scheduler/io/sqlite_journal.h"

namespace paceline::scheduler {
namespace {

TEST_CASE("a journal of a thousand jobs replays in two seconds, and is compact after that") {
  FakeCluster cluster;
  cluster.records = 20;
  AddSmallCluster(&cluster);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(cluster.RunUntilEnded(cluster.Submit(RecordsSpec(2, 2, v1::POLICY_ASP, 10, 1))));
  }

  const char* base = std::getenv("TEST_TMPDIR");
  std::string folder = std::string(base == nullptr ? "/tmp" : base) + "/restart-XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  {
    REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(folder + "/scheduler.db"));
    REQUIRE_OK(journal->Append(cluster.journal().updates()));
  }
  REQUIRE(cluster.journal().updates().size() > 10000);
  const std::string live = cluster.core().state().Snapshot().SerializeAsString();

  RealClock clock;
  for (int start = 0; start < 2; ++start) {
    const absl::Duration began = clock.Monotonic();
    REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(folder + "/scheduler.db"));
    REQUIRE_OK_AND_ASSIGN(auto core,
                          SchedulerCore::Open(cluster.options, journal.get(), cluster.now()));
    CHECK(clock.Monotonic() - began < absl::Seconds(2));
    CHECK(core->state().jobs().size() == 1000);
    CHECK(core->state().generation() == cluster.core().state().generation() + start + 1);
    // The first start has put a snapshot in the place of the entries.
    CHECK(journal->entries() < 100);
    v1::StateSnapshot now = core->state().Snapshot();
    v1::StateSnapshot then;
    REQUIRE(then.ParseFromString(live));
    now.clear_journal_index();
    then.clear_journal_index();
    now.clear_generation();
    then.clear_generation();
    CHECK((now.SerializeAsString() == then.SerializeAsString()));
  }
}

}  // namespace
}  // namespace paceline::scheduler
