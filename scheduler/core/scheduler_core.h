// The scheduler without threads, clocks and wires: state, observations and the one
// door between them. Simulations drive it as it is; scheduler/io wraps it in a lock.
//
//   event -> Plan -> journal -> Apply, again until nothing is left to decide -> replies
//
// Every method that takes a Moment may change state. An update counts only once it
// is in the journal; an error of the journal is returned, nothing changed, and the
// next event tries again.
//
// Thread-compatible.
#ifndef PACELINE_SCHEDULER_CORE_SCHEDULER_CORE_H_
#define PACELINE_SCHEDULER_CORE_SCHEDULER_CORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/security/identity.h"
#include "proto/cluster.pb.h"
#include "proto/node.pb.h"
#include "scheduler/core/admission/submit_rate.h"
#include "scheduler/core/observed/observations.h"
#include "scheduler/core/reply_memory.h"
#include "scheduler/core/state/cluster_state.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/journal.h"
#include "scheduler/core/state/limit_table.h"
#include "scheduler/core/state/moment.h"
#include "scheduler/core/state/plan_options.h"
#include "scheduler/core/state/view.h"
#include "scheduler/core/stored_cuts/start_cut.h"
#include "scheduler/core/views/job_rows.h"
#include "scheduler/core/views/notice.h"

namespace paceline::scheduler {

class SchedulerCore {
 public:
  struct Options {
    PlanOptions plan;
    // Id of the cluster, should the journal be empty; and a random number that
    // tells this start from every other.
    std::string new_cluster_id;
    uint64_t start_nonce = 0;
    // When a node has seen a newer scheduler, move this state past it and go on,
    // instead of stopping (--accept-old-state; see old_state.h).
    bool accept_old_state = false;
    // Entries beyond which a snapshot takes their place in the journal: what a start
    // replays at most.
    uint64_t compact_after = 10000;
  };

  // Replays the journal, which outlives the core, and starts a new generation.
  // Errors:  DataLoss  the journal is damaged; and those of the journal.
  static absl::StatusOr<std::unique_ptr<SchedulerCore>> Open(Options options, Journal* journal,
                                                             Moment now);

  // ---- users ----
  // Errors of all: PermissionDenied as in access.h (nobody named is an admin), NotFound  no
  // such job, and those of the journal.
  // Errors:  as PlanSubmit and PlanCancel; ResourceExhausted  submitted too often.
  // `start`: the cut that StartCutOf named, read.
  absl::StatusOr<uint64_t> Submit(const v1::SubmitJobRequest& request,
                                  const std::optional<StartCut>& start, Moment now,
                                  const paceline::Identity& caller = {});
  // The cut that must be read before this is submitted; nothing if none.
  // Errors:  as FindStartCut.
  absl::StatusOr<std::optional<NamedCut>> StartCutOf(const v1::SubmitJobRequest& request,
                                                     const paceline::Identity& caller = {}) const;
  absl::StatusOr<v1::Job> Cancel(const v1::CancelJobRequest& request, Moment now,
                                 const paceline::Identity& caller = {});
  // Begins to delete the job; once kDeleteJob has ended well, it is gone.
  // Errors:  as PlanDelete.
  absl::Status Delete(uint64_t job_id, Moment now, const paceline::Identity& caller = {});
  // Errors:  as PlanCheckpoint.
  absl::StatusOr<v1::CheckpointJobResponse> Checkpoint(const v1::CheckpointJobRequest& request,
                                                       Moment now,
                                                       const paceline::Identity& caller = {});
  // Errors:  as PlanDrainNode.
  absl::StatusOr<v1::NodeStatus> DrainNode(const v1::DrainNodeRequest& request, Moment now,
                                           const paceline::Identity& caller = {});
  absl::StatusOr<v1::Job> GetJob(uint64_t job_id, Moment now,
                                 const paceline::Identity& caller = {}) const;
  // Without their histories, which only GetJob has.
  v1::ListJobsResponse ListJobs(const v1::ListJobsRequest& request, Moment now,
                                const paceline::Identity& caller = {}) const;
  v1::Cluster DescribeCluster(Moment now) const;
  // Those that the caller may see.
  JobRows ListJobRows(Moment now, const paceline::Identity& caller = {}) const;
  // From now on.
  void SetLimits(LimitTable limits);

  // ---- nodes and tasks ----
  // Takes a report in; returns the node's id. NodeReply says what to answer.
  // Errors:  as PlanHeartbeat; Aborted  the node knows a newer scheduler: see stale().
  absl::StatusOr<uint64_t> Heartbeat(const v1::HeartbeatRequest& request, Moment now);
  // Errors:  Aborted  as above.
  absl::Status SyncTask(const v1::SyncTaskRequest& request, Moment now);

  // The answer now, and whether it is news that should not be held back. A node that
  // has been forgotten meanwhile gets an empty one.
  template <typename Reply>
  struct Answer {
    Reply reply;
    bool news = false;
  };
  Answer<v1::HeartbeatResponse> NodeReply(uint64_t node_id, Moment now) const;
  Answer<v1::SyncTaskResponse> TaskReply(const v1::SyncTaskRequest& request, Moment now) const;
  // To be told of every answer that goes out.
  void NodeReplySent(uint64_t node_id, const v1::HeartbeatResponse& reply, Moment now);
  void TaskReplySent(const v1::SyncTaskRequest& request, const v1::SyncTaskResponse& reply,
                     Moment now);

  // ---- time and files ----
  // To be called several times per heartbeat. After a gap of more than two this
  // scheduler itself stood still: silence counts anew.
  absl::Status Tick(Moment now);
  // The end of a command: the hash that it was to find, or why there is none.
  absl::Status OnWorkDone(const Command& command, const absl::StatusOr<std::string>& result,
                          Moment now);
  // Work to be done since the last call; each ends in OnWorkDone.
  std::vector<Command> TakeCommands();
  // What has happened since the last call.
  std::vector<Notice> TakeNotices();

  // Not OK: a node has seen a newer scheduler of this cluster; this one must stop
  // serving. Names both.
  const absl::Status& stale() const { return stale_; }

  // Counts changes of the cluster that may concern any caller, grants excepted.
  uint64_t state_version() const { return state_version_; }
  // Counts changes of a job that a watcher may see.
  uint64_t JobVersion(uint64_t job_id) const;

  v1::SchedulerIdentity Identity() const;
  const ClusterState& state() const { return state_; }
  const Observations& seen() const { return seen_; }
  const PlanOptions& options() const { return options_.plan; }

 private:
  SchedulerCore(Options options, Journal* journal, Moment now);

  // OK also for a job that does not exist: whoever plans says so.
  absl::Status MayChange(const paceline::Identity& caller, uint64_t job_id) const;
  View ViewAt(Moment now) const { return {state_, seen_, options_.plan, now}; }
  absl::Status CompactIfLong();
  // Whether somebody has heard a scheduler that knows what this one does not.
  bool KnowsNewer(const v1::SchedulerIdentity& heard) const;
  // What to do then: stop serving, or move past it. `who` has heard it.
  // Errors:  Aborted  this scheduler is stale; and those of the journal.
  absl::Status GiveWayOrMovePast(const v1::SchedulerIdentity& heard, absl::string_view who);
  // Journals, then applies.
  absl::Status Commit(absl::Span<const v1::Update> updates, Moment now);
  absl::Status CommitDecisions(Decisions decisions, Moment now);
  // Plans and commits until there is nothing to decide.
  absl::Status Settle(Moment now);
  void AfterApply(const v1::Update& update, Moment now);
  // Something of the job has changed, if there is such a job.
  void Touch(uint64_t job_id);

  // But for the limits it stays as it is.
  Options options_;
  Journal* const journal_;
  ClusterState state_;
  Observations seen_;
  ReplyMemory replies_;
  SubmitRate submit_rate_;
  std::vector<Command> commands_;
  std::vector<Notice> notices_;
  absl::Status stale_;
  uint64_t state_version_ = 0;
  absl::Duration last_tick_;
  std::map<uint64_t, uint64_t> job_versions_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_SCHEDULER_CORE_H_
