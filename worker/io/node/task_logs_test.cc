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

}  // namespace
}  // namespace paceline::worker
