// A rank of one job: the real state machine, plans, retries and cache, driven by
// simulated time and calls instead of a process.
#ifndef PACELINE_TESTS_SIM_SIM_RANK_H_
#define PACELINE_TESTS_SIM_SIM_RANK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/cluster.pb.h"
#include "proto/node.pb.h"
#include "tests/sim/event_loop.h"
#include "tests/sim/network.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/toy_model.h"
#include "worker/core/task/in_flight.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"
#include "worker/core/task/rank_machine.h"
#include "worker/core/task/reachability.h"
#include "worker/core/task/shard_layout.h"
#include "worker/core/task/ssp_cache.h"

namespace paceline::sim {

class SimRank : public std::enable_shared_from_this<SimRank> {
 public:
  // Sees the parameters of every pull before they are computed on. `complete`: all
  // of them came from the servers just now, none from the rank's cache.
  using Observer = std::function<void(uint32_t rank, uint64_t t,
                                      const worker::Parameters& parameters, bool complete)>;
  struct Options {
    EventLoop* loop = nullptr;
    Random* random = nullptr;
    Network* network = nullptr;
    const ToyModel* model = nullptr;
    v1::ConsistencySpec consistency;
    // Address of its worker.
    std::string node;
    uint32_t rank = 0;
    uint64_t incarnation = 1;
    // Longest time that a batch takes.
    absl::Duration most_compute;
    Observer observer;
    // What and when it evaluates. An evaluation before iteration t finds loss(t).
    worker::Prepared prepared;
    std::function<double(uint64_t)> loss;
  };

  explicit SimRank(Options options);

  void Handle(const worker::RankEvent& event);
  // A map came; `servers` are in the order of the map's.
  void SetMap(const v1::ShardMap& map, std::vector<SimServer*> servers);
  // It never acts again; calls on their way still arrive.
  void Kill() { alive_ = false; }

  const worker::RankMachine& machine() const { return machine_; }
  bool finished() const { return machine_.finished(); }
  bool exited() const { return exited_; }
  const std::string& cause() const { return cause_; }
  // As a task reports them.
  const std::vector<v1::EvalPoint>& evals() const { return evals_; }
  std::string Describe() const;
  // Servers that do not answer.
  std::vector<v1::UnreachableServer> Unreachable() const;

 private:
  struct Frame {
    std::optional<worker::PullFrame> pull;
    std::optional<worker::PushFrame> push;
  };

  void Run(const worker::RankCommand& command);

  void Open(const worker::RankCommand& command);
  void StartPull(const worker::RankCommand& command);
  void Compute(const worker::RankCommand& command);
  void FinishPush(const worker::RankCommand& command);
  void SendFinish(const worker::RankCommand& command);
  void Evaluate(const worker::RankCommand& command);

  void AddFrame(Frame frame, uint64_t bytes);
  // Sends what may be sent, and comes back when something may later.
  void Pump();
  void SendPull(const worker::InFlight::Call& call, const worker::PullFrame& frame);
  void SendPush(const worker::InFlight::Call& call, const worker::PushFrame& frame);
  // True: the call was answered well.
  // A callback that first keeps book of whether the server answers.
  template <typename Reply>
  Network::Done<Reply> Watch(uint32_t server, Network::Done<Reply> done);
  Network::Link LinkTo(uint32_t server) const;
  bool Settle(uint64_t attempt, worker::InFlight::FrameId frame, const absl::Status& status);
  void CheckDrained();
  v1::RequestContext Context(uint64_t iteration) const;

  Options options_;
  v1::ShardMap map_;
  std::vector<SimServer*> servers_;
  // Of the newest map's servers.
  std::shared_ptr<worker::Reachability> reach_;
  // Of the newest map; calls of an older one may still use theirs.
  std::shared_ptr<const worker::ShardLayout> layout_;
  worker::RankMachine machine_;
  bool alive_ = true;
  bool exited_ = false;
  std::string cause_;

  std::vector<v1::EvalPoint> evals_;
  // Maps so far: an evaluation ends with the one that it began under.
  uint64_t maps_ = 0;

  // Of the current attempt.
  worker::Parameters parameters_;
  std::unique_ptr<worker::SspCache> cache_;
  bool complete_ = true;
  std::unique_ptr<worker::PushPlan> push_;
  worker::InFlight in_flight_;
  std::map<worker::InFlight::FrameId, Frame> frames_;
  // What the machine hears when nothing is in flight any more.
  std::optional<worker::RankEvent> when_drained_;
};

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_SIM_RANK_H_
