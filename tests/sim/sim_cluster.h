// A whole cluster in one thread: the scheduler's core on its journal, servers,
// worker daemons and tasks, all behind the lossy network.
//
// Owned by one thread.
#ifndef PACELINE_TESTS_SIM_SIM_CLUSTER_H_
#define PACELINE_TESTS_SIM_SIM_CLUSTER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/node.pb.h"
#include "scheduler/core/scheduler_core.h"
#include "scheduler/core/state/memory_journal.h"
#include "tests/sim/event_loop.h"
#include "tests/sim/network.h"
#include "tests/sim/shard_owners.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/sim_task.h"

namespace paceline::sim {

class SimCluster {
 public:
  struct Options {
    EventLoop* loop = nullptr;
    Random* random = nullptr;
    Network* network = nullptr;
    uint32_t servers = 1;
    uint32_t workers = 1;
    uint32_t slots = 1;
    // Records that every task finds in its data.
    uint64_t records = 0;
    // Entries of the journal beyond which a snapshot takes their place.
    uint64_t compact_after = 10000;
  };

  explicit SimCluster(const Options& options);

  bool scheduler_up() const { return core_ != nullptr; }
  // While it is up.
  scheduler::SchedulerCore& core() { return *core_; }
  scheduler::Moment now() const;
  const SimDisk& disk() const { return disk_; }
  ShardOwners& owners() { return owners_; }

  // As the service does it: reads the cut that the spec names, if any. The scheduler is up.
  // Errors:  DataLoss  a shard of that cut is not there; and those of the core.
  absl::StatusOr<uint64_t> Submit(const v1::SubmitJobRequest& request);

  // Errors:  DataLoss  what the journal replays to is not the live state, byte for byte.
  absl::Status CheckReplay();

  // The scheduler dies, and is back on its journal after `down`. Before and after, the
  // journal replays to the live state.
  void RestartScheduler(absl::Duration down);

  // A task that lives dies at once, or hangs: it does not speak, work or end any more,
  // though calls of it are still under way. False if none lives.
  bool KillTask();
  bool HangTask();
  // A worker's process and its tasks die, and it is back after `down`.
  void RestartWorker(absl::Duration down);
  // A server's process dies with all that it holds, and is back after `down`.
  void RestartServer(absl::Duration down);
  // Any two of scheduler, servers and workers do not hear one another, or one of them
  // does not hear the other, until after `down`.
  void CutLink(absl::Duration down);
  void CutLink(const std::string& from, const std::string& to, absl::Duration down);
  // The newest cut of a job that runs loses a shard.
  void DamageCut();

  // Every task that any worker ever started.
  const std::vector<std::shared_ptr<SimTask>>& tasks() const { return tasks_; }
  // Jobs and tasks that servers and workers still hold.
  size_t held();

 private:
  struct Node {
    v1::HeartbeatRequest report;
    uint64_t sequence = 0;
    bool up = true;
    // Server.
    std::unique_ptr<SimServer> server;
    // Worker: its tasks by (job, rank, incarnation).
    std::map<std::tuple<uint64_t, uint32_t, uint64_t>, std::shared_ptr<SimTask>> tasks;
  };

  void StartScheduler();
  SimTask* AnyTask();
  // A node of the role that is up, or null.
  Node* AnyNode(bool server);
  void StopNode(Node* node, absl::Duration down);
  void TickForEver();
  void HeartbeatForEver(Node* node);
  void Obey(Node* node, const v1::HeartbeatResponse& reply);
  void SyncForEver(const std::shared_ptr<SimTask>& task);
  void RunCommands();
  absl::StatusOr<std::string> Execute(const scheduler::Command& command);
  std::vector<SimServer*> ServersOf(const v1::ShardMap& map);

  const Options options_;
  scheduler::MemoryJournal journal_;
  std::unique_ptr<scheduler::SchedulerCore> core_;
  uint64_t next_nonce_ = 1;
  SimDisk disk_;
  // Of committed cuts, by folder.
  std::map<std::string, v1::CutManifest> manifests_;
  ShardOwners owners_;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
  std::vector<std::shared_ptr<SimTask>> tasks_;
};

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_SIM_CLUSTER_H_
