// A cluster around a SchedulerCore in which everything happens at once and in
// order: servers that serve, workers that start tasks, tasks that count.
//
//   FakeCluster cluster;
//   cluster.AddServer("s1");
//   cluster.AddWorker("w1", /*slots=*/2);
//   const uint64_t job = cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP));
//   cluster.RunUntilEnded(job);
//
// For tests. Owned by one thread.
#ifndef PACELINE_SCHEDULER_CORE_FAKE_CLUSTER_H_
#define PACELINE_SCHEDULER_CORE_FAKE_CLUSTER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/cluster.pb.h"
#include "proto/job.pb.h"
#include "scheduler/core/fake_node.h"
#include "scheduler/core/scheduler_core.h"
#include "scheduler/core/state/memory_journal.h"

namespace paceline::scheduler {

class FakeCluster {
 public:
  FakeCluster();

  // A new SchedulerCore on the same journal, as after a crash.
  absl::Status RestartScheduler();

  // A new process at the address.
  FakeNode& AddServer(const std::string& address);
  FakeNode& AddWorker(const std::string& address, uint32_t slots);

  absl::StatusOr<uint64_t> TrySubmit(const v1::SubmitJobRequest& request);
  // 0 when refused.
  uint64_t Submit(const v1::JobSpec& spec, const std::string& request_id = "");

  // Every node and task speaks once, then the time moves by a heartbeat.
  void Step();
  void NodeSpeaks(FakeNode& node);
  void TaskSpeaks(FakeNode& node, FakeTask& task);
  void RunCommands();
  // Steps until the job has ended; false after too many steps.
  bool RunUntilEnded(uint64_t job_id);
  // Steps until the job is in the state; false after too many steps.
  bool RunUntil(uint64_t job_id, v1::JobState state);

  void Advance(absl::Duration time);
  // Somebody sets the wall clock forward, or back.
  void MoveWallClock(int64_t ms) { now_.wall_ms += ms; }
  Moment now() const { return now_; }
  SchedulerCore& core() { return *core_; }
  MemoryJournal& journal() { return journal_; }
  const v1::JobRecord& Job(uint64_t job_id) const { return *core_->state().FindJob(job_id); }
  v1::JobState StateOf(uint64_t job_id) const { return Job(job_id).state(); }
  v1::Job View(uint64_t job_id) const { return *core_->GetJob(job_id, now_); }
  FakeNode& node(const std::string& address) { return nodes_.at(address); }
  std::map<std::string, FakeNode>& nodes() { return nodes_; }

  // Of committed cuts, by folder.
  std::map<std::string, v1::CutManifest> manifests;
  // Records that tasks find.
  uint64_t records = 0;
  SchedulerCore::Options options;

 private:
  // What the servers of a job have applied is what its tasks have pushed.
  void FillProgress(uint64_t job_id, v1::CutReport* cut) const;

  MemoryJournal journal_;
  Moment now_;
  uint64_t next_nonce_ = 1;
  std::unique_ptr<SchedulerCore> core_;
  std::map<std::string, FakeNode> nodes_;
};

// Two servers, two workers of two slots, all registered.
void AddSmallCluster(FakeCluster* cluster);

// Whether no node holds tables or tasks.
bool AllClosed(FakeCluster* cluster);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_FAKE_CLUSTER_H_
