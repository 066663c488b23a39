// What /debug/tasks and /debug/shards say: every rank, and every shard, of the newest jobs
// that have not ended.
//
//   /debug/tasks   {"jobs": [{"job", "name", "state", "reason", "tasks": [
//                    {"rank", "incarnation", "node", "worker", "host", "pid", "iteration",
//                     "finished", "waits", "step_seconds", "wait_seconds",
//                     "straggler_score", "cpu_seconds", "resident_bytes"}]}]}
//   /debug/shards  {"jobs": [{"job", "state", "timeline", "epoch", "shards": [
//                    {"shard", "table", "server", "node", "incarnation"}]}]}
//
// Thread-safe: functions without state.
#ifndef PACELINE_SCHEDULER_IO_DEBUG_PAGES_H_
#define PACELINE_SCHEDULER_IO_DEBUG_PAGES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "proto/cluster.pb.h"
#include "scheduler/io/coordinator.h"

namespace paceline::scheduler {

inline constexpr size_t kMaxJobsOnDebugPages = 100;

std::string TasksJson(const std::vector<v1::Job>& jobs);
std::string ShardsJson(const std::vector<JobShards>& jobs);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_DEBUG_PAGES_H_
