// A server: the real ServerState and ServerJobs behind the simulated network.
#ifndef PACELINE_TESTS_SIM_SIM_SERVER_H_
#define PACELINE_TESTS_SIM_SIM_SERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <tuple>
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
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"

namespace paceline::sim {

// Shards as cuts have written them, by (job, cut, shard). Shared by all servers.
using SimDisk = std::map<std::tuple<uint64_t, uint64_t, uint32_t>, server::ShardSnapshot>;

class SimServer {
 public:
  // `fold_budget` [bytes] limits updates that wait for their round. Opening a job and
  // writing a cut take up to `most_work`.
  SimServer(EventLoop* loop, Random* random, SimDisk* disk, uint64_t fold_budget,
            absl::Duration most_work);

  // Carries out an order of the scheduler.
  void Heed(const v1::ServerJobOrder& order, uint64_t node_id, uint64_t incarnation);
  std::vector<v1::ServerJobReport> Reports() const { return state_->Reports(); }

  // The process dies: all that it holds is gone, and nothing is answered until Start.
  void Kill();
  void Start() { up_ = true; }
  bool up() const { return up_; }

  // As the data plane would serve them; payloads arrive cut into odd pieces.
  void OpenRank(const v1::RequestContext& context, const Network::Done<v1::OpenRankResponse>& done);
  void Push(const worker::PushFrame& frame, const Network::Done<v1::PushResponse>& done);
  void Pull(const worker::PullFrame& frame, const Network::Done<server::PullReply>& done);

 private:
  void Open(const server::OpenCommand& command, uint64_t node_id, uint64_t incarnation);
  void BeginCut(const server::CutCommand& command);
  // Writes the next shard that is ready of the job's cut, and goes on.
  void WriteCut(uint64_t job_id);
  server::Payload Receive(const worker::FramePayload& payload);
  // Runs later, if this life lasts.
  void Later(std::function<void()> work);
  absl::Duration Work() { return random_->Between(absl::ZeroDuration(), most_work_); }

  EventLoop* const loop_;
  Random* const random_;
  SimDisk* const disk_;
  const absl::Duration most_work_;
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
};

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_SIM_SERVER_H_
