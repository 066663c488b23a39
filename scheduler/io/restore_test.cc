#include "scheduler/io/restore.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <optional>
#include <string>

#include "common/fs_posix.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/scheduler_core.h"
#include "scheduler/io/sqlite_journal.h"

namespace paceline::scheduler {
namespace {

std::string TemporaryFolder() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string folder = std::string(base == nullptr ? "/tmp" : base) + "/restore-XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  return folder;
}

TEST_CASE("a scheduler starts from a restored journal and goes on after it") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t job = cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP), "one");
  REQUIRE(cluster.RunUntilEnded(job));
  const v1::StateSnapshot state = cluster.core().state().Snapshot();

  PosixFileSystem fs;
  const std::string dir = TemporaryFolder() + "/state";
  REQUIRE_OK(RestoreJournal(fs, state, dir));
  REQUIRE_OK_AND_ASSIGN(const auto names, fs.List(dir));
  CHECK(names == std::vector<std::string>{"scheduler.db"});
  for (uint64_t start = 1; start <= 2; ++start) {
    REQUIRE_OK_AND_ASSIGN(auto journal, SqliteJournal::Open(dir + "/scheduler.db"));
    REQUIRE_OK_AND_ASSIGN(auto core,
                          SchedulerCore::Open(cluster.options, journal.get(), cluster.now()));
    CHECK(core->state().journal_index() == state.journal_index() + start);
    CHECK(core->state().generation() == state.generation() + start);
    REQUIRE_OK_AND_ASSIGN(const v1::Job restored, core->GetJob(job, cluster.now()));
    CHECK(restored.SerializeAsString() == cluster.View(job).SerializeAsString());
    v1::SubmitJobRequest again;
    again.set_request_id("one");
    *again.mutable_spec() = CountingSpec(2, 2, v1::POLICY_BSP);
    REQUIRE_OK_AND_ASSIGN(const uint64_t first, core->Submit(again, std::nullopt, cluster.now()));
    CHECK(first == job);
  }
}

TEST_CASE("a restore writes over nothing, and leaves cuts where they are") {
  PosixFileSystem fs;
  const v1::StateSnapshot state = FakeCluster().core().state().Snapshot();
  const std::string dir = TemporaryFolder();
  REQUIRE_OK(fs.CreateDirs(dir + "/jobs/1"));
  REQUIRE_OK(WriteFileDurably(fs, dir + "/.paceline-0123", "the mark of a cluster"));
  REQUIRE_OK(
      WriteFileDurably(fs, dir + "/scheduler.db.restoring-wal", "of one that was cut short"));
  REQUIRE_OK(RestoreJournal(fs, state, dir));
  CHECK(fs.Exists(dir + "/jobs/1"));
  CHECK_STATUS(RestoreJournal(fs, state, dir), absl::StatusCode::kFailedPrecondition,
               "it holds scheduler.db");
  const std::string other = TemporaryFolder();
  REQUIRE_OK(WriteFileDurably(fs, other + "/notes.txt", "mine"));
  CHECK_STATUS(RestoreJournal(fs, state, other), absl::StatusCode::kFailedPrecondition,
               "it holds notes.txt");
  CHECK_FALSE(fs.Exists(other + "/scheduler.db"));
}

TEST_CASE("a state that no scheduler can start from is not restored") {
  PosixFileSystem fs;
  v1::StateSnapshot state = FakeCluster().core().state().Snapshot();
  const std::string dir = TemporaryFolder() + "/state";
  state.set_format_version(9);
  CHECK_STATUS(RestoreJournal(fs, state, dir), absl::StatusCode::kFailedPrecondition,
               "format version 9, this program reads 1 to 1");
  CHECK_FALSE(fs.Exists(dir));
}

}  // namespace
}  // namespace paceline::scheduler
