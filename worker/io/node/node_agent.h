// Keeps a worker in step with the scheduler: says all that it runs, obeys.
//
// Thread-safe.
#ifndef PACELINE_WORKER_IO_NODE_NODE_AGENT_H_
#define PACELINE_WORKER_IO_NODE_NODE_AGENT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/clock.h"
#include "common/daemon/progress.h"
#include "common/daemon/scheduler_contact.h"
#include "common/fs.h"
#include "common/scheduler_memory/scheduler_memory.h"
#include "common/sync.h"
#include "proto/node.pb.h"
#include "worker/io/net/poll_loop.h"
#include "worker/io/net/scheduler_client.h"
#include "worker/io/node/task_supervisor.h"

namespace paceline::worker {

class NodeAgent {
 public:
  struct Options {
    // All outlive the agent.
    Clock* clock = nullptr;
    SchedulerClient* scheduler = nullptr;
    TaskSupervisor* supervisor = nullptr;
    // Who the worker is: role, addresses, hostname, version, nonce and slots.
    v1::HeartbeatRequest self;
    // The worker's GPUs as they are now; must not block. Empty: it has none.
    std::function<std::vector<v1::GpuStatus>()> gpus;
    // The machine as it is now. Empty: not told.
    std::function<v1::HostStatus()> host;
    // Where logs of tasks lie (task_logs.h): their owners are noted, and they are dropped when
    // their jobs are deleted. Null: somewhere else.
    FileSystem* fs = nullptr;
    std::string data_dir;
  };

  explicit NodeAgent(Options options);
  // Stops.
  ~NodeAgent();

  void Start();
  // What the supervisor holds has changed.
  void Wake() { loop_.Wake(); }
  // From now on the worker takes no new task.
  void Drain();
  void Stop() { loop_.Stop(); }

  // Errors:  Internal  its loop is stuck.
  absl::Status health() const { return progress_.Check(); }
  // OK, or why the scheduler cannot be had: the last failure.
  absl::Status scheduler_status() const;
  // Since when it was heard.
  const SchedulerContact& contact() const { return contact_; }
  // OK: registered, in touch with the scheduler and taking tasks.
  absl::Status Ready() const;
  // 0 before the first answer.
  uint64_t node_id() const { return node_id_; }

 private:
  using Loop = PollLoop<v1::HeartbeatRequest, v1::HeartbeatResponse>;

  Loop::Options LoopOptions();
  v1::HeartbeatRequest Fill();
  void OnReply(const v1::HeartbeatResponse& reply);
  void TendLogs(const v1::HeartbeatResponse& reply);
  void OnFailure(const absl::Status& status, uint64_t failures);

  const Options options_;
  Progress progress_;
  SchedulerContact contact_;
  // Of the loop's thread.
  SchedulerMemory memory_;
  uint64_t sequence_ = 0;
  std::atomic<bool> draining_{false};
  std::atomic<uint64_t> node_id_{0};
  mutable Mutex mu_;
  absl::Status status_ ABSL_GUARDED_BY(mu_) =
      absl::UnavailableError("the scheduler has not answered yet");
  Loop loop_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_NODE_AGENT_H_
