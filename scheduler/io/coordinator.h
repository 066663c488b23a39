// The one door to the scheduler's state from many threads.
//
//   lock { SchedulerCore: Plan -> journal -> Apply } unlock -> answers
//
// Heartbeats and task syncs are long polls: parked without a thread until there is
// news for their caller or a heartbeat interval has passed. Callbacks are called
// outside the lock, exactly once, from any thread.
//
// The journal's write is made under the lock: nothing may be decided on a state
// that is not durable.
//
// Thread-safe. Owns the thread that keeps the time and the one that works on cuts.
#ifndef PACELINE_SCHEDULER_IO_COORDINATOR_H_
#define PACELINE_SCHEDULER_IO_COORDINATOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/cut/held_cuts.h"
#include "common/security/identity.h"
#include "common/sync.h"
#include "proto/cluster.pb.h"
#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/scheduler_core.h"
#include "scheduler/core/state/journal.h"
#include "scheduler/core/state/moment.h"
#include "scheduler/core/stored_cuts/start_cut.h"
#include "scheduler/core/views/job_rows.h"
#include "scheduler/io/cut_worker.h"
#include "scheduler/io/job_watcher.h"
#include "scheduler/io/limits_file.h"
#include "scheduler/io/long_polls.h"

namespace paceline::scheduler {

// A committed cut on disk.
struct CommittedCut {
  std::string dir;
  std::string manifest_xxh3;
  // Replicated: addresses of those who have the manifest.
  google::protobuf::RepeatedPtrField<std::string> holders;
};

// Where the shards of a job are; no servers in the map: nowhere yet.
struct JobShards {
  uint64_t job_id = 0;
  v1::JobState state = v1::JOB_STATE_UNSPECIFIED;
  v1::ShardMap map;
};

// Numbers for /metrics.
struct CoordinatorStats {
  uint64_t journal_index = 0;
  uint64_t last_job_id = 0;
  uint64_t heartbeats = 0;
  uint64_t task_syncs = 0;
  size_t parked_polls = 0;
  size_t watchers = 0;
};

class Coordinator {
 public:
  struct Options {
    SchedulerCore::Options core;
    // All outlive the coordinator.
    Journal* journal = nullptr;
    Clock* clock = nullptr;
    // Where cuts lie; with their file system.
    const HeldCuts* cuts = nullptr;
    // The scheduler's machine as it is now. Empty: not told.
    std::function<v1::HostStatus()> host;
    // Read when it starts, and after changes. Null: nobody is limited.
    LimitsFile* limits = nullptr;
    // Called once, on any thread, when a node has seen a newer scheduler: this one
    // answers nobody any more and should end.
    std::function<void(const absl::Status&)> on_stale = [](const absl::Status&) {};
  };

  // Errors:  as SchedulerCore::Open.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Start(Options options);
  // Shuts down.
  ~Coordinator();

  // Where others dial this scheduler, once it listens.
  void SetAddresses(std::string address, std::string http_address);

  // ---- users ----
  // Who asks decides what they get (core/admission/access.h). Identity(): this process itself,
  // or anybody where there are no certificates; may do everything.
  // Errors:  as SchedulerCore; Unavailable after Shutdown, Aborted when stale.
  absl::StatusOr<v1::SubmitJobResponse> SubmitJob(const v1::SubmitJobRequest& request,
                                                  const Identity& caller);
  absl::StatusOr<v1::Job> GetJob(const v1::GetJobRequest& request, const Identity& caller);
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request,
                                                const Identity& caller);
  absl::StatusOr<v1::Job> CancelJob(const v1::CancelJobRequest& request, const Identity& caller);
  absl::StatusOr<v1::CheckpointJobResponse> CheckpointJob(const v1::CheckpointJobRequest& request,
                                                          const Identity& caller);
  absl::StatusOr<v1::NodeStatus> DrainNode(const v1::DrainNodeRequest& request,
                                           const Identity& caller);
  // Calls `done` once the job and its files are gone, or cannot be removed.
  using DeleteDone = std::function<void(absl::StatusOr<v1::DeleteJobResponse>)>;
  void DeleteJob(const v1::DeleteJobRequest& request, const Identity& caller, DeleteDone done);
  absl::StatusOr<v1::Cluster> DescribeCluster();
  // Those that the caller may see.
  absl::StatusOr<JobRows> ListJobRows(const Identity& caller);
  // Offers the job to the watcher now and after every change, until it has ended,
  // as often as kWatchInterval allows.
  absl::Status WatchJob(uint64_t job_id, const Identity& caller,
                        std::shared_ptr<JobWatcher> watcher);
  // cut_id 0: the newest.
  // Errors:  NotFound  no such job, or no such cut is committed.
  absl::StatusOr<CommittedCut> FindCut(uint64_t job_id, uint64_t cut_id, const Identity& caller);
  // All that is journaled, at one moment; for admins.
  absl::StatusOr<v1::StateSnapshot> Snapshot(const Identity& caller);

  // ---- nodes and tasks ----
  using HeartbeatDone = std::function<void(absl::StatusOr<v1::HeartbeatResponse>)>;
  using SyncTaskDone = std::function<void(absl::StatusOr<v1::SyncTaskResponse>)>;
  // A number for a call, by which it can be given up.
  uint64_t NewTicket();
  void Heartbeat(uint64_t ticket, const v1::HeartbeatRequest& request, HeartbeatDone done);
  void SyncTask(uint64_t ticket, const v1::SyncTaskRequest& request, SyncTaskDone done);
  // The caller of a parked poll has gone: ends it with Cancelled, at once.
  void Abandon(uint64_t ticket);

  // The newest jobs that have not ended, newest first, and where their shards are. None
  // once it does not serve any more.
  std::vector<v1::Job> LiveJobs(size_t limit);
  std::vector<JobShards> LiveShards(size_t limit);

  CoordinatorStats Stats();
  // OK while it serves.
  absl::Status Health();

  // Answers everybody with Unavailable, now and from now on, and joins the threads.
  // May be called twice, by one thread.
  void Shutdown();

  // Calls that wait for a deletion at once.
  static constexpr size_t kMaxDeletes = 1000;
  // A watcher is sent at most five messages a second.
  static constexpr absl::Duration kWatchInterval = absl::Milliseconds(200);

 private:
  struct NodePoll {
    uint64_t ticket = 0;
    absl::Duration deadline;
    HeartbeatDone done;
  };
  struct TaskPoll {
    uint64_t ticket = 0;
    absl::Duration deadline;
    v1::SyncTaskRequest request;
    SyncTaskDone done;
  };
  struct Watch {
    uint64_t job_id = 0;
    std::weak_ptr<JobWatcher> watcher;
    uint64_t version = 0;
    absl::Duration next;
  };
  // What to do once the lock is released.
  using Answers = std::vector<std::function<void()>>;

  Coordinator(Options options, std::unique_ptr<SchedulerCore> core);

  // A user's event, under the lock, and the answers that it brings about.
  template <typename Event>
  auto Decide(Event event) -> decltype(event(Moment()));
  // Leaves this cluster's mark in a folder of cuts (cut_folder.h).
  absl::Status MarkCutRoot(const std::string& root, const std::string& cluster_id);
  // The cut that the job is to start from, read from its folder without the lock.
  absl::StatusOr<std::optional<StartCut>> ReadStartCut(const v1::SubmitJobRequest& request,
                                                       const Identity& caller);
  absl::StatusOr<StartCut> ReadCut(NamedCut name) const;

  static void Run(const Answers& answers) {
    for (const auto& answer : answers) answer();
  }

  Moment Now() const;
  absl::Status Serving() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // After every event: hands out commands, answers polls for which there is news,
  // and notices that the scheduler is stale.
  void AfterEvent(Moment now, Answers* answers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AnswerNode(uint64_t node_id, HeartbeatDone done, Moment now, Answers* answers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AnswerTask(v1::SyncTaskRequest request, SyncTaskDone done, Moment now, Answers* answers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AnswerExpired(Moment now, Answers* answers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Ends all polls and watches with `why`.
  void EndAll(const absl::Status& why, Answers* answers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  uint64_t WatchVersion(uint64_t job_id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OfferToWatchers(Moment now, Answers* answers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AnswerDeletes(uint64_t job_id, const absl::Status& status, Answers* answers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnCutDone(const Command& command, const absl::StatusOr<std::string>& result);
  void KeepTime();
  // Reads the file of limits if it has changed. Of the thread that keeps the time.
  void RefreshLimits();

  const Options options_;
  const absl::Duration hold_;
  const absl::Duration tick_;
  const std::string cluster_id_;

  Mutex mu_;
  CondVar wake_;
  std::unique_ptr<SchedulerCore> core_ ABSL_GUARDED_BY(mu_);
  LongPolls<uint64_t, NodePoll> node_polls_ ABSL_GUARDED_BY(mu_);
  LongPolls<std::pair<uint64_t, uint32_t>, TaskPoll> task_polls_ ABSL_GUARDED_BY(mu_);
  std::vector<Watch> watches_ ABSL_GUARDED_BY(mu_);
  // By job: who waits until it is deleted; at most kMaxDeletes.
  std::multimap<uint64_t, DeleteDone> deletes_ ABSL_GUARDED_BY(mu_);
  uint64_t answered_version_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t last_ticket_ ABSL_GUARDED_BY(mu_) = 0;
  CoordinatorStats stats_ ABSL_GUARDED_BY(mu_);
  std::string address_ ABSL_GUARDED_BY(mu_);
  std::string http_address_ ABSL_GUARDED_BY(mu_);
  // Not OK: why nobody is served any more.
  absl::Status closed_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  // Of the thread that keeps the time.
  absl::Duration limits_due_;

  std::unique_ptr<CutWorker> cut_worker_;
  std::thread timer_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_COORDINATOR_H_
