#include "worker/io/node/task_logs.h"

#include <catch2/catch.hpp>

#include "absl/strings/str_cat.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

void Touch(FileSystem* fs, const TaskKey& key) {
  REQUIRE_OK(PrepareTaskLog(*fs, "/data", key));
  REQUIRE_OK(WriteFileDurably(*fs, TaskLogPath("/data", key), "log"));
}

TEST_CASE("The newest incarnation's log is found") {
  MemoryFileSystem fs;
  CHECK(TaskLogPath("/data", {7, 3, 12}) == "/data/tasks/job-7/rank-3.12.log");
  CHECK_STATUS(FindTaskLog(fs, "/data", 7, 3), absl::StatusCode::kNotFound,
               "job 7, rank 3: no log of it is on this worker");
  Touch(&fs, {7, 3, 2});
  Touch(&fs, {7, 3, 10});
  Touch(&fs, {7, 31, 99});
  REQUIRE_OK(WriteFileDurably(fs, "/data/tasks/job-7/rank-3.x.log", "not one of ours"));
  REQUIRE_OK_AND_ASSIGN(const std::string found, FindTaskLog(fs, "/data", 7, 3));
  CHECK(found == "/data/tasks/job-7/rank-3.10.log");
  CHECK_STATUS(FindTaskLog(fs, "/data", 7, 9), absl::StatusCode::kNotFound, "rank 9");
}

TEST_CASE("The logs of the oldest jobs make room") {
  MemoryFileSystem fs;
  for (uint64_t job = 1; job <= kKeptJobLogs + 5; ++job) {
    Touch(&fs, {job, 0, 1});
    Touch(&fs, {job, 1, 1});
  }
  REQUIRE_OK_AND_ASSIGN(const std::vector<std::string> jobs, fs.List("/data/tasks"));
  CHECK(jobs.size() == kKeptJobLogs);
  CHECK_FALSE(FindTaskLog(fs, "/data", 5, 0).ok());
  CHECK_OK(FindTaskLog(fs, "/data", 6, 0));
  CHECK_OK(FindTaskLog(fs, "/data", kKeptJobLogs + 5, 1));
}

TEST_CASE("As many jobs' logs are kept as is said") {
  MemoryFileSystem fs;
  for (uint64_t job = 1; job <= 5; ++job) {
    REQUIRE_OK(PrepareTaskLog(fs, "/data", {job, 0, 1}, /*kept=*/2));
  }
  CHECK(LoggedJobs(fs, "/data") == std::vector<uint64_t>{4, 5});
}

TEST_CASE("Logs have the owner of their job, who does not change") {
  MemoryFileSystem fs;
  CHECK_STATUS(LogOwner(fs, "/data", 7), absl::StatusCode::kNotFound, "job-7/owner");
  REQUIRE_OK(SetLogOwner(fs, "/data", 7, "alice"));
  REQUIRE_OK(SetLogOwner(fs, "/data", 7, "bob"));
  REQUIRE_OK_AND_ASSIGN(const std::string owner, LogOwner(fs, "/data", 7));
  CHECK(owner == "alice");
  Touch(&fs, {7, 0, 1});
  REQUIRE_OK(SetLogOwner(fs, "/data", 8, ""));
  REQUIRE_OK_AND_ASSIGN(const std::string nobody, LogOwner(fs, "/data", 8));
  CHECK(nobody == "");
  CHECK(LoggedJobs(fs, "/data") == std::vector<uint64_t>{7, 8});
}

TEST_CASE("Logs that are dropped are gone, with their owner") {
  MemoryFileSystem fs;
  REQUIRE_OK(SetLogOwner(fs, "/data", 7, "alice"));
  Touch(&fs, {7, 0, 1});
  Touch(&fs, {7, 1, 1});
  Touch(&fs, {17, 0, 1});
  DropLogs(fs, "/data", 7);
  DropLogs(fs, "/data", 99);
  CHECK(LoggedJobs(fs, "/data") == std::vector<uint64_t>{17});
  CHECK_FALSE(fs.Exists("/data/tasks/job-7/owner"));
  CHECK_OK(FindTaskLog(fs, "/data", 17, 0));
}

}  // namespace
}  // namespace paceline::worker
