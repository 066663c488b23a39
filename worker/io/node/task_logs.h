// Where the logs of task processes lie: `<data-dir>/tasks/job-<id>/rank-<r>.<incarnation>.log`.
//
// Thread-safe: functions without state.
#ifndef PACELINE_WORKER_IO_NODE_TASK_LOGS_H_
#define PACELINE_WORKER_IO_NODE_TASK_LOGS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/fs.h"
#include "worker/io/node/task_launcher.h"

namespace paceline::worker {

// Jobs whose logs are kept.
inline constexpr size_t kKeptJobLogs = 100;

std::string TaskLogPath(const std::string& data_dir, const TaskKey& key);

// The log of the newest incarnation of a rank.
// Errors:  NotFound  no task of the rank has run here.
absl::StatusOr<std::string> FindTaskLog(FileSystem& fs, const std::string& data_dir,
                                        uint64_t job_id, uint32_t rank);

// Makes the job's folder, and removes the logs of the oldest jobs beyond kKeptJobLogs.
absl::Status PrepareTaskLog(FileSystem& fs, const std::string& data_dir, const TaskKey& key);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_TASK_LOGS_H_
