// The page /debug/tasks of a worker.
//
//   {"tasks": [{"job": 3, "rank": 0, "incarnation": 1, "state": "running", "pid": 812,
//               "uptime_seconds": 9.5, "cpu_user_seconds": 8.1, "cpu_system_seconds": 0.2,
//               "resident_bytes": 52428800}]}
//
// with "gpu" where there is one, and "exit" (cause, exit_code, signal, last_log_lines) once
// it has ended.
//
// Pure function.
#ifndef PACELINE_WORKER_IO_NODE_DEBUG_TASKS_H_
#define PACELINE_WORKER_IO_NODE_DEBUG_TASKS_H_

#include <string>
#include <vector>

#include "worker/io/node/task_supervisor.h"

namespace paceline::worker {

std::string DebugTasksJson(const std::vector<TaskSupervisor::Task>& tasks);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_DEBUG_TASKS_H_
