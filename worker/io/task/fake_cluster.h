// A scheduler and servers of a few lines, in memory, for tests of whole tasks. The
// servers keep the rules of order and of exactly once, and add up what is pushed;
// they admit every pull.
#ifndef PACELINE_WORKER_IO_TASK_FAKE_CLUSTER_H_
#define PACELINE_WORKER_IO_TASK_FAKE_CLUSTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/sync.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"
#include "worker/io/net/data_client.h"
#include "worker/io/net/scheduler_client.h"

namespace paceline::worker {

// Thread-safe.
class FakeCluster {
 public:
  // Asked before each data call: not OK ends it so. `lose_reply`: the call is
  // served all the same.
  struct Fault {
    absl::Status status;
    bool lose_reply = false;
  };
  using Inject = std::function<Fault(const std::string& method, const v1::RequestContext&)>;

  FakeCluster(v1::JobSpec spec, uint32_t servers, Inject inject = nullptr);
  ~FakeCluster();

  SchedulerClient* scheduler() { return scheduler_.get(); }
  DataClientFactory data_client();

  // The last that a rank has said.
  v1::SyncTaskRequest Report(uint32_t rank) const;
  // Blocks until `condition` holds of what the ranks have said.
  void Await(const std::function<bool(const FakeCluster&)>& condition);
  // Orders all tasks to exit.
  void EndJob();
  // Training ends after `iteration` iterations once rank 0 has reported `evals` evaluations.
  void EndEarly(int evals, uint64_t iteration);

  // Values of a dense table.
  std::vector<float> Dense(const std::string& table) const;
  // Keys that a sparse table holds.
  size_t SparseKeys(const std::string& table) const;
  // Gradients that a shard took of a rank, the fewest and the most over all shards.
  std::pair<uint64_t, uint64_t> Applied(uint32_t rank) const;
  uint64_t open_pins() const;

 private:
  struct Parked;
  class Scheduler;
  class Data;
  struct Shard {
    v1::ShardSpec spec;
    std::vector<float> dense;
    std::map<uint64_t, std::vector<float>> sparse;
    std::map<uint32_t, uint64_t> progress;
    std::map<uint32_t, uint64_t> applied;
    std::map<uint32_t, bool> finished;
  };

  void Sync(const v1::SyncTaskRequest& request, SchedulerClient::Done<v1::SyncTaskResponse> done,
            uint64_t number);
  bool Answer(const v1::SyncTaskRequest& request, v1::SyncTaskResponse* response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // It has been decided where training ends: nothing is granted any more.
  bool Ended() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool AnswerEvals(const v1::SyncTaskRequest& request, v1::SyncTaskResponse* response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Grant(const v1::SyncTaskRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const v1::JobSpec spec_;
  const uint32_t servers_;
  const Inject inject_;
  mutable Mutex mu_;
  CondVar changed_;
  v1::SyncTaskResponse::Desired desired_ ABSL_GUARDED_BY(mu_) = v1::SyncTaskResponse::PREPARE;
  std::map<uint32_t, v1::SyncTaskRequest> reports_ ABSL_GUARDED_BY(mu_);
  std::map<uint32_t, std::vector<v1::Grant>> grants_ ABSL_GUARDED_BY(mu_);
  std::map<uint32_t, v1::SyncTaskResponse::Desired> told_ ABSL_GUARDED_BY(mu_);
  int end_after_evals_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t last_iteration_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t next_position_ ABSL_GUARDED_BY(mu_) = 0;
  v1::ShardMap map_ ABSL_GUARDED_BY(mu_);
  std::vector<Shard> shards_ ABSL_GUARDED_BY(mu_);
  // Pins that are held: server and number.
  std::set<std::pair<uint32_t, uint64_t>> pins_ ABSL_GUARDED_BY(mu_);
  // Calls that wait for news, by number.
  std::map<uint64_t, std::shared_ptr<Parked>> parked_ ABSL_GUARDED_BY(mu_);
  uint64_t next_call_ ABSL_GUARDED_BY(mu_) = 0;
  std::unique_ptr<SchedulerClient> scheduler_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_FAKE_CLUSTER_H_
