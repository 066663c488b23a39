// A server: the real ServerState and ServerJobs behind the simulated network.
#ifndef PACELINE_TESTS_SIM_SIM_SERVER_H_
#define PACELINE_TESTS_SIM_SIM_SERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/node.pb.h"
#include "server/core/job_cut.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/server_job.h"
#include "server/core/server_state.h"
#include "server/core/shard.h"
#include "tests/sim/event_loop.h"
#include "tests/sim/network.h"
#include "tests/sim/shard_owners.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"

namespace paceline::sim {

// Shards as cuts have written them, by folder of the cut and shard. Shared by all servers.
using SimDisk = std::map<std::pair<std::string, uint32_t>, server::ShardSnapshot>;

class SimServer {
 public:
  struct Options {
    EventLoop* loop = nullptr;
    Random* random = nullptr;
    SimDisk* disk = nullptr;
    ShardOwners* owners = nullptr;
    // Limits updates that wait for their round [bytes].
    uint64_t fold_budget = 1 << 20;
    // Opening a job, and writing a shard of a cut, take up to this.
    absl::Duration most_open;
    absl::Duration most_write;
  };
  explicit SimServer(const Options& options);

  // Carries out an order of the scheduler.
  void Heed(const v1::ServerJobOrder& order, uint64_t node_id, uint64_t incarnation);
  std::vector<v1::ServerJobReport> Reports();

  // The process dies: all that it holds is gone, and nothing is answered until Start.
  void Kill();
  void Start() { up_ = true; }
  bool up() const { return up_; }

  // As the data plane would serve them; payloads arrive cut into odd pieces.
  void OpenRank(const v1::RequestContext& context, const Network::Done<v1::OpenRankResponse>& done);
  void Push(const worker::PushFrame& frame, const Network::Done<v1::PushResponse>& done);
  void Pull(const worker::PullFrame& frame, const Network::Done<server::PullReply>& done);

 private:
  // The tables of a job, opened.
  struct Opening {
    ShardOwners::Owner owner;
    // Counts what this server has opened.
    uint64_t number = 0;
    std::vector<uint32_t> shards;
    // The last that the owners were told of.
    uint64_t epoch = 0;
  };

  void Open(const server::OpenCommand& command, uint64_t node_id, uint64_t incarnation);
  // Tells the owners.
  void Serves(const std::shared_ptr<Opening>& opening, const ShardOwners::World& world);
  // `done` after the owners were told of an answer that is no refusal.
  template <typename Reply>
  Network::Done<Reply> Served(const v1::RequestContext& context, const Network::Done<Reply>& done);
  void BeginCut(const server::CutCommand& command);
  // Writes the next shard that is ready of the job's cut, and goes on.
  void WriteCut(uint64_t job_id);
  server::Payload Receive(const worker::FramePayload& payload);
  // Runs within `most`, if this life lasts.
  void Later(absl::Duration most, std::function<void()> work);
  const Options options_;
  server::MemoryBudget memory_{0, "memory"};
  server::MemoryBudget fold_;
  bool up_ = true;
  // Counts lives: what one began, the next does not end.
  uint64_t life_ = 0;
  std::unique_ptr<server::ServerState> state_ = std::make_unique<server::ServerState>();
  // Cuts that are armed or being written, by job.
  struct CutWork {
    std::unique_ptr<server::JobCut> cut;
    v1::CutReport report;
  };
  std::map<uint64_t, CutWork> cuts_;
  uint64_t opened_ = 0;
  // By job; the last that succeeded.
  std::map<uint64_t, std::shared_ptr<Opening>> openings_;
};

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_SIM_SERVER_H_
