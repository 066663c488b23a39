#include "worker/io/node/task_logs.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"

namespace paceline::worker {
namespace {

std::string TasksDir(const std::string& data_dir) { return JoinPath(data_dir, "tasks"); }

std::string JobDir(const std::string& data_dir, uint64_t job_id) {
  return JoinPath(TasksDir(data_dir), absl::StrCat("job-", job_id));
}

// The number between a prefix and a suffix.
std::optional<uint64_t> NumberIn(absl::string_view name, absl::string_view prefix,
                                 absl::string_view suffix) {
  uint64_t number = 0;
  if (!absl::ConsumePrefix(&name, prefix) || !absl::ConsumeSuffix(&name, suffix) ||
      !absl::SimpleAtoi(name, &number)) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::string TaskLogPath(const std::string& data_dir, const TaskKey& key) {
  return JoinPath(JobDir(data_dir, key.job_id),
                  absl::StrCat("rank-", key.rank, ".", key.incarnation, ".log"));
}

absl::StatusOr<std::string> FindTaskLog(FileSystem& fs, const std::string& data_dir,
                                        uint64_t job_id, uint32_t rank) {
  const std::string prefix = absl::StrCat("rank-", rank, ".");
  std::optional<uint64_t> newest;
  // A folder that is not there has no logs.
  const absl::StatusOr<std::vector<std::string>> names = fs.List(JobDir(data_dir, job_id));
  if (names.ok()) {
    for (const std::string& name : *names) {
      newest = std::max(newest, NumberIn(name, prefix, ".log"));
    }
  }
  if (!newest.has_value()) {
    return absl::NotFoundError(
        absl::StrCat("job ", job_id, ", rank ", rank, ": no log of it is on this worker"));
  }
  return TaskLogPath(data_dir, {job_id, rank, *newest});
}

absl::Status PrepareTaskLog(FileSystem& fs, const std::string& data_dir, const TaskKey& key) {
  PL_RETURN_IF_ERROR(fs.CreateDirs(JobDir(data_dir, key.job_id)));
  PL_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(TasksDir(data_dir)));
  std::vector<uint64_t> jobs;
  for (const std::string& name : names) {
    const std::optional<uint64_t> job = NumberIn(name, "job-", "");
    if (job.has_value() && *job != key.job_id) jobs.push_back(*job);
  }
  if (jobs.size() < kKeptJobLogs) return absl::OkStatus();
  std::sort(jobs.begin(), jobs.end());
  jobs.resize(jobs.size() - kKeptJobLogs + 1);
  for (const uint64_t job : jobs) {
    const std::string dir = JobDir(data_dir, job);
    // What cannot be removed stays: a log must not stop a task.
    const absl::StatusOr<std::vector<std::string>> files = fs.List(dir);
    if (!files.ok()) continue;
    for (const std::string& file : *files) fs.Remove(JoinPath(dir, file)).IgnoreError();
    fs.Remove(dir).IgnoreError();
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker
