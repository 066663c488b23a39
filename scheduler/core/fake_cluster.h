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
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"
#include "scheduler/core/memory_journal.h"
#include "scheduler/core/scheduler_core.h"

namespace paceline::scheduler {

// A job without data files that validates: the counting model, 3 iterations a rank.
v1::JobSpec CountingSpec(uint32_t workers, uint32_t servers, v1::Policy policy);

// A logistic job over `records` records, that ranks find in their data.
v1::JobSpec RecordsSpec(uint32_t workers, uint32_t servers, v1::Policy policy,
                        uint32_t global_batch, uint32_t epochs);

class FakeCluster {
 public:
  struct Task {
    v1::SyncTaskRequest report;
    v1::JobSpec spec;
    std::vector<v1::Grant> grants;
    bool complete = false;
    bool exited = false;
    // Iterations it does per step.
    uint64_t pace = 1;
  };
  struct Node {
    v1::HeartbeatRequest report;
    bool alive = true;
    // Worker: by job and rank.
    std::map<std::pair<uint64_t, uint32_t>, Task> tasks;
  };

  FakeCluster();

  // A new SchedulerCore on the same journal, as after a crash.
  absl::Status RestartScheduler();

  Node& AddServer(const std::string& address);
  Node& AddWorker(const std::string& address, uint32_t slots);

  // REQUIREs nothing: returns 0 when refused.
  uint64_t Submit(const v1::JobSpec& spec, const std::string& request_id = "");

  // Every node and task speaks once, then the time moves by a heartbeat.
  void Step();
  void NodeSpeaks(Node& node);
  void TaskSpeaks(Node& node, Task& task);
  void RunCommands();
  // Steps until the job has ended; false after too many steps.
  bool RunUntilEnded(uint64_t job_id);
  // Steps until the job is in the state; false after too many steps.
  bool RunUntil(uint64_t job_id, v1::JobState state);

  void Advance(absl::Duration time);
  Moment now() const { return now_; }
  SchedulerCore& core() { return *core_; }
  MemoryJournal& journal() { return journal_; }
  const v1::JobRecord& Job(uint64_t job_id) const { return *core_->state().FindJob(job_id); }
  v1::JobState StateOf(uint64_t job_id) const { return Job(job_id).state(); }
  v1::Job View(uint64_t job_id) const { return *core_->GetJob(job_id, now_); }
  Node& node(const std::string& address) { return nodes_.at(address); }
  std::map<std::string, Node>& nodes() { return nodes_; }

  // Records that tasks find.
  uint64_t records = 0;
  SchedulerCore::Options options;

 private:
  void Obey(Node& node, const v1::HeartbeatResponse& reply);
  void Work(Task& task);

  MemoryJournal journal_;
  Moment now_;
  uint64_t next_nonce_ = 1;
  std::unique_ptr<SchedulerCore> core_;
  std::map<std::string, Node> nodes_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_FAKE_CLUSTER_H_
