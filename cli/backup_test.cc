// `pacectl backup` and `pacectl restore` against a scheduler that answers from a script.
#include "cli/backup.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "cli/fake_scheduler.h"
#include "cli/pacectl.h"
#include "cli/test_environment.h"
#include "common/status/status_matchers.h"
#include "scheduler/io/backup_file.h"

namespace paceline::cli {
namespace {

using Catch::Matchers::Contains;

int Run(TestEnvironment& test, std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "pacectl");
  return RunPacectl(static_cast<int>(arguments.size()), arguments.data(), test.env);
}

std::string SomeBackup() {
  v1::StateSnapshot state;
  state.set_format_version(1);
  state.set_cluster_id("c1");
  state.set_journal_index(7);
  state.set_last_job_id(1);
  v1::JobRecord* job = state.add_jobs();
  job->set_job_id(1);
  job->set_state(v1::JOB_STATE_PENDING);
  job->set_request_id("r");
  absl::StatusOr<std::string> file = scheduler::EncodeBackup(state);
  REQUIRE_OK(file.status());
  return *file;
}

std::vector<v1::BackupChunk> Chunks(const std::string& file, size_t bytes) {
  std::vector<v1::BackupChunk> chunks;
  for (size_t i = 0; i < file.size(); i += bytes) {
    chunks.emplace_back().set_offset(i);
    chunks.back().set_data(file.substr(i, bytes));
  }
  return chunks;
}

TEST_CASE("backup writes the file, restore makes a state folder of it, once") {
  FakeScheduler scheduler;
  TestEnvironment test;
  scheduler.SetBackup(Chunks(SomeBackup(), 10));
  const std::string address = scheduler.address();
  const std::string file = test.folder.path() + "/state.backup";
  const std::string dir = test.folder.path() + "/restored";
  REQUIRE(Run(test, {"--address", address.c_str(), "backup", file.c_str()}) == 0);
  CHECK_THAT(test.err.str(), Contains("cluster c1, journal index 7, 1 jobs, 1 of them not ended"));
  CHECK(test.out.str().empty());
  REQUIRE_OK_AND_ASSIGN(const std::string written, ReadFile(test.fs, file));
  CHECK(written == SomeBackup());
  REQUIRE(Run(test, {"restore", file.c_str(), "--state-dir", dir.c_str()}) == 0);
  CHECK(test.fs.Exists(dir + "/scheduler.db"));
  CHECK_THAT(test.err.str(), Contains("--accept-old-state"));
  CHECK(Run(test, {"restore", file.c_str(), "--state-dir", dir.c_str()}) == 2);
  CHECK_THAT(test.err.str(), Contains("it holds scheduler.db"));
}

TEST_CASE("a backup that does not arrive whole leaves the file as it was") {
  FakeScheduler scheduler;
  TestEnvironment test;
  const std::string address = scheduler.address();
  const std::string file = test.Write("state.backup", "the older one");
  std::vector<v1::BackupChunk> chunks = Chunks(SomeBackup(), 10);
  std::string want;
  SECTION("a piece is missing") {
    chunks.erase(chunks.begin() + 1);
    want = "a piece at byte 10 expected, got one at 20";
  }
  SECTION("the end is missing") {
    chunks.pop_back();
    want = "backup of the scheduler's state";
  }
  SECTION("a bit has changed") {
    (*chunks[2].mutable_data())[3] ^= 1;
    want = "backup of the scheduler's state";
  }
  SECTION("the scheduler refuses") {
    scheduler.SetError({grpc::StatusCode::ABORTED, "a newer scheduler runs"});
    want = "a newer scheduler runs";
  }
  scheduler.SetBackup(chunks);
  CHECK(Run(test, {"--address", address.c_str(), "backup", file.c_str()}) == 1);
  CHECK_THAT(test.err.str(), Contains(want));
  REQUIRE_OK_AND_ASSIGN(const std::string now, ReadFile(test.fs, file));
  CHECK(now == "the older one");
}

TEST_CASE("a file that is no backup is named and restores nothing") {
  TestEnvironment test;
  const std::string dir = test.folder.path() + "/restored";
  const std::string file = test.Write("broken.backup", SomeBackup().substr(0, 60));
  CHECK(Run(test, {"restore", file.c_str(), "--state-dir", dir.c_str()}) == 1);
  CHECK_THAT(test.err.str(), Contains("broken.backup"));
  CHECK(Run(test, {"restore", "/nowhere/file", "--state-dir", dir.c_str()}) == 2);
  CHECK_FALSE(test.fs.Exists(dir));
}

}  // namespace
}  // namespace paceline::cli
