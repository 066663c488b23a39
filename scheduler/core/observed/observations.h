// What nodes and tasks last said: soft state that heartbeats bring back after a
// restart, and that is never journaled.
//
// Thread-compatible.
#ifndef PACELINE_SCHEDULER_CORE_OBSERVED_OBSERVATIONS_H_
#define PACELINE_SCHEDULER_CORE_OBSERVED_OBSERVATIONS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "absl/time/time.h"
#include "proto/node.pb.h"
#include "scheduler/core/observed/curves.h"

namespace paceline::scheduler {

// The newest report of a node's process.
struct NodeObservation {
  // Clock::Monotonic() when it was last known to listen.
  absl::Duration last_heard;
  // And since when without a gap.
  absl::Duration heard_since;
  // Incarnation of the node that reported.
  uint64_t incarnation = 0;
  v1::HeartbeatRequest report;
};

struct TaskObservation {
  absl::Duration last_heard;
  v1::SyncTaskRequest report;
  // When it first said that it cannot go on; only with an error in the report.
  absl::Duration failed_since;
};

class Observations {
 public:
  // `started`: Clock::Monotonic() when this scheduler began to listen. `gap`: silence of
  // a node after which it may have been cut off.
  Observations(absl::Duration started, absl::Duration gap)
      : started_(started), gap_(gap), silence_counts_from_(started) {}

  absl::Duration started() const { return started_; }

  // Takes a report in. False, and no effect but that the node is alive, if a
  // newer one of the same process overtook it.
  bool OnHeartbeat(uint64_t node_id, uint64_t incarnation, const v1::HeartbeatRequest& report,
                   absl::Duration now);
  bool OnSyncTask(const v1::SyncTaskRequest& report, absl::Duration now);

  // The node or task was known to listen until now: it waited for the reply being sent.
  void OnReplyToNode(uint64_t node_id, absl::Duration now);
  void OnReplyToTask(uint64_t job_id, uint32_t rank, uint64_t incarnation, absl::Duration now);

  // Null if it was not heard since the start.
  const NodeObservation* FindNode(uint64_t node_id) const;
  // Null if that incarnation of the rank was not heard since the start.
  const TaskObservation* FindTask(uint64_t job_id, uint32_t rank, uint64_t incarnation) const;
  // What a node said of a job's shards or of a task. Null if the node's incarnation
  // has not reported or names no such thing.
  const v1::ServerJobReport* FindServerJob(uint64_t node_id, uint64_t node_incarnation,
                                           uint64_t job_id) const;
  const v1::TaskReport* FindTaskReport(uint64_t node_id, uint64_t node_incarnation, uint64_t job_id,
                                       uint32_t rank, uint64_t incarnation) const;
  // When a node first reported that it runs this incarnation of the rank; nothing if
  // none has since the start.
  std::optional<absl::Duration> RunningSince(uint64_t job_id, uint32_t rank,
                                             uint64_t incarnation) const;
  const std::map<uint64_t, NodeObservation>& nodes() const { return nodes_; }

  void ForgetNode(uint64_t node_id);
  void ForgetJob(uint64_t job_id);

  // Whether files of the job's cut are being verified or hashed right now.
  bool cut_work(uint64_t job_id) const { return cut_work_.contains(job_id); }
  void set_cut_work(uint64_t job_id, bool running);

  // Time since the job's last cut was committed or failed, or since it began to run.
  absl::Duration SinceCut(uint64_t job_id, absl::Duration now) const;
  void MarkCut(uint64_t job_id, absl::Duration now) { cut_times_[job_id] = now; }
  // Time since its shards could not be opened; infinite if they never could not.
  absl::Duration SinceRestoreFailed(uint64_t job_id, absl::Duration now) const;
  void MarkRestoreFailed(uint64_t job_id, absl::Duration now) { restore_failures_[job_id] = now; }

  // Whether files of a job that is to be deleted are being removed.
  bool deleting(uint64_t job_id) const { return deleting_.contains(job_id); }
  bool any_deleting() const { return !deleting_.empty(); }
  void set_deleting(uint64_t job_id, bool running);
  // Time since they could not be; infinite if they never could not.
  absl::Duration SinceDeleteFailed(uint64_t job_id, absl::Duration now) const;
  void MarkDeleteFailed(uint64_t job_id, absl::Duration now) { delete_failures_[job_id] = now; }

  // Time since 1970 by the wall clock as it was at the start and the steady one since.
  void set_started_wall_ms(int64_t wall_ms) { started_wall_ms_ = wall_ms; }
  absl::Duration WallTime(absl::Duration now) const {
    return absl::Milliseconds(started_wall_ms_) + (now - started_);
  }

  // Time since a task on the worker said that it does not reach the server; infinite
  // if none did.
  absl::Duration SinceBrokenLink(uint64_t worker, uint64_t server, absl::Duration now) const;
  void MarkBrokenLink(uint64_t worker, uint64_t server, absl::Duration now) {
    broken_links_[{worker, server}] = now;
  }

  // What was measured of jobs.
  const Curves& curves() const { return curves_; }
  Curves& curves() { return curves_; }

  // Not empty: more than half of the nodes fell silent at once.
  const std::string& alarm() const { return alarm_; }
  void set_alarm(std::string alarm, absl::Duration now);
  // From when silence counts: the start, or the end of the last alarm, since nodes
  // come back one by one, or of the last time when this scheduler itself stood still.
  absl::Duration silence_counts_from() const { return silence_counts_from_; }
  void CountSilenceFrom(absl::Duration now) { silence_counts_from_ = now; }

 private:
  const absl::Duration started_;
  const absl::Duration gap_;
  std::map<uint64_t, NodeObservation> nodes_;
  // By job and rank; only the newest incarnation.
  std::map<std::pair<uint64_t, uint32_t>, TaskObservation> tasks_;
  // By job and rank: the newest incarnation that a node runs, and since when.
  std::map<std::pair<uint64_t, uint32_t>, std::pair<uint64_t, absl::Duration>> running_;
  Curves curves_;
  std::set<uint64_t> cut_work_;
  std::map<uint64_t, absl::Duration> cut_times_;
  std::map<uint64_t, absl::Duration> restore_failures_;
  std::set<uint64_t> deleting_;
  std::map<uint64_t, absl::Duration> delete_failures_;
  int64_t started_wall_ms_ = 0;
  // By worker and server: when a task last said so.
  std::map<std::pair<uint64_t, uint64_t>, absl::Duration> broken_links_;
  std::string alarm_;
  absl::Duration silence_counts_from_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_OBSERVED_OBSERVATIONS_H_
