// Where the logs of task processes lie, and whose they are:
//
//   <data-dir>/tasks/job-<id>/rank-<r>.<incarnation>.log
//   <data-dir>/tasks/job-<id>/owner     the name of the job's owner; may be empty
//
// Thread-safe: functions without state.
#ifndef PACELINE_WORKER_IO_NODE_TASK_LOGS_H_
#define PACELINE_WORKER_IO_NODE_TASK_LOGS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/fs.h"
#include "worker/io/node/task_launcher.h"

namespace paceline::worker {

// Jobs whose logs are kept, unless --keep-logs says otherwise.
inline constexpr size_t kKeptJobLogs = 100;

std::string TaskLogPath(const std::string& data_dir, const TaskKey& key);

// The log of the newest incarnation of a rank.
// Errors:  NotFound  no task of the rank has run here.
absl::StatusOr<std::string> FindTaskLog(FileSystem& fs, const std::string& data_dir,
                                        uint64_t job_id, uint32_t rank);

// Makes the job's folder, and removes the logs of the oldest jobs beyond `kept`.
absl::Status PrepareTaskLog(FileSystem& fs, const std::string& data_dir, const TaskKey& key,
                            size_t kept = kKeptJobLogs);

// Notes whose job it is, unless that is noted already; makes the job's folder.
absl::Status SetLogOwner(FileSystem& fs, const std::string& data_dir, uint64_t job_id,
                         absl::string_view owner);
// Errors:  NotFound  nobody has noted it.
absl::StatusOr<std::string> LogOwner(FileSystem& fs, const std::string& data_dir, uint64_t job_id);

// Jobs that have logs here, in order.
std::vector<uint64_t> LoggedJobs(FileSystem& fs, const std::string& data_dir);

// Removes the logs of a job; what cannot be removed stays.
void DropLogs(FileSystem& fs, const std::string& data_dir, uint64_t job_id);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_TASK_LOGS_H_
