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

constexpr absl::string_view kOwnerName = "owner";
constexpr uint64_t kMaxOwnerBytes = 4096;

std::string TasksDir(const std::string& data_dir) { return JoinPath(data_dir, "tasks"); }

std::string JobDir(const std::string& data_dir, uint64_t job_id) {
  return JoinPath(TasksDir(data_dir), absl::StrCat("job-", job_id));
}

std::string OwnerPath(const std::string& data_dir, uint64_t job_id) {
  return JoinPath(JobDir(data_dir, job_id), kOwnerName);
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

absl::Status PrepareTaskLog(FileSystem& fs, const std::string& data_dir, const TaskKey& key,
                            size_t kept) {
  PL_RETURN_IF_ERROR(fs.CreateDirs(JobDir(data_dir, key.job_id)));
  std::vector<uint64_t> jobs = LoggedJobs(fs, data_dir);
  std::erase(jobs, key.job_id);
  if (jobs.size() < kept) return absl::OkStatus();
  jobs.resize(jobs.size() - kept + 1);
  // What cannot be removed stays: a log must not stop a task.
  for (const uint64_t job : jobs) DropLogs(fs, data_dir, job);
  return absl::OkStatus();
}

absl::Status SetLogOwner(FileSystem& fs, const std::string& data_dir, uint64_t job_id,
                         absl::string_view owner) {
  const std::string path = OwnerPath(data_dir, job_id);
  if (fs.Exists(path)) return absl::OkStatus();
  PL_RETURN_IF_ERROR(fs.CreateDirs(JobDir(data_dir, job_id)));
  return WriteFileDurably(fs, path, owner);
}

absl::StatusOr<std::string> LogOwner(FileSystem& fs, const std::string& data_dir, uint64_t job_id) {
  return ReadFile(fs, OwnerPath(data_dir, job_id), kMaxOwnerBytes);
}

std::vector<uint64_t> LoggedJobs(FileSystem& fs, const std::string& data_dir) {
  std::vector<uint64_t> jobs;
  // A folder that is not there yet has no logs.
  const absl::StatusOr<std::vector<std::string>> names = fs.List(TasksDir(data_dir));
  if (!names.ok()) return jobs;
  for (const std::string& name : *names) {
    if (const std::optional<uint64_t> job = NumberIn(name, "job-", "")) jobs.push_back(*job);
  }
  std::sort(jobs.begin(), jobs.end());
  return jobs;
}

void DropLogs(FileSystem& fs, const std::string& data_dir, uint64_t job_id) {
  const std::string dir = JobDir(data_dir, job_id);
  const absl::StatusOr<std::vector<std::string>> files = fs.List(dir);
  if (!files.ok()) return;
  // Whose they are goes last: a log without it is nobody's but an admin's.
  for (const std::string& file : *files) {
    if (file != kOwnerName) fs.Remove(JoinPath(dir, file)).IgnoreError();
  }
  fs.Remove(OwnerPath(data_dir, job_id)).IgnoreError();
  fs.Remove(dir).IgnoreError();
}

}  // namespace paceline::worker
