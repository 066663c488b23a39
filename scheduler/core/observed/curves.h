// What was measured of each job that has not ended: its history, histograms and counters
// added up over all processes that played its ranks or held its shards.
//
//   history         at most kMaxHistoryPoints; when full every second point goes, and
//                   from then on points are taken half as often
//   staleness, ...  growth of what servers and tasks report; a process that is new
//                   counts from zero
//
// Soft state, as Observations, of which it is a part: journaled when the job ends. A
// scheduler that starts anew has what the processes of now have counted.
//
// Thread-compatible.
#ifndef PACELINE_SCHEDULER_CORE_OBSERVED_CURVES_H_
#define PACELINE_SCHEDULER_CORE_OBSERVED_CURVES_H_

#include <cstdint>
#include <map>
#include <optional>

#include "absl/time/time.h"
#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/observed/growth.h"

namespace paceline::scheduler {

class Curves {
 public:
  // Reports of jobs that have not ended, in the order in which they were made: of a
  // server, of a task, and of the worker that runs it.
  void OnServer(uint64_t node_id, uint64_t node_incarnation, const v1::ServerJobReport& report);
  void OnTask(const v1::SyncTaskRequest& report);
  void OnProcess(const v1::TaskReport& report);
  // An update that was applied: how long cuts and recoveries take.
  void OnUpdate(const v1::Update& update, absl::Duration now);

  // Whether it is time for the next point. `interval`: between the first ones.
  bool IsDue(uint64_t job_id, absl::Duration interval, absl::Duration now) const;
  // Fills in the staleness of what was pushed since the last point.
  void AddPoint(uint64_t job_id, v1::HistoryPoint point, absl::Duration now);

  // Everything of the job; empty if nothing was heard of it.
  const v1::JobCurves& Of(uint64_t job_id) const;

  void ForgetJob(uint64_t job_id) { jobs_.erase(job_id); }

 private:
  // The last report of a server.
  struct ServerCounts {
    uint64_t incarnation = 0;
    uint64_t timeline = 0;
    v1::Histogram staleness;
    CountsByKind refused;
  };
  // The last report of a rank's task.
  struct TaskCounts {
    uint64_t incarnation = 0;
    v1::Histogram step_seconds;
    v1::Histogram wait_seconds;
  };
  // And of its process.
  struct ProcessCounts {
    uint64_t incarnation = 0;
    double cpu_user_seconds = 0;
    double cpu_system_seconds = 0;
  };
  struct JobCounts {
    v1::JobCurves total;
    std::map<uint64_t, ServerCounts> servers;
    std::map<uint32_t, TaskCounts> tasks;
    std::map<uint32_t, ProcessCounts> processes;
    // Of the last point, and how many first intervals lie between points by now.
    std::optional<absl::Duration> last_point;
    int64_t stretch = 1;
    uint64_t staleness_count = 0;
    double staleness_sum = 0;
    // Of the cut or the recovery that goes on.
    std::optional<absl::Duration> cut_since;
    std::optional<absl::Duration> recovers_since;
  };

  std::map<uint64_t, JobCounts> jobs_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_OBSERVED_CURVES_H_
