// A server of one job: the real ServerJob behind the simulated network.
#ifndef PACELINE_TESTS_SIM_SIM_SERVER_H_
#define PACELINE_TESTS_SIM_SIM_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "proto/node.pb.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/server_job.h"
#include "tests/sim/event_loop.h"
#include "tests/sim/network.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"

namespace paceline::sim {

class SimServer {
 public:
  // `fold_budget` [bytes] limits updates that wait for their round.
  SimServer(EventLoop* loop, Random* random, const v1::ServerJobOrder& order, uint64_t node_id,
            uint64_t fold_budget);

  // As the data plane would serve them; payloads arrive cut into odd pieces.
  void OpenRank(const v1::RequestContext& context, const Network::Done<v1::OpenRankResponse>& done);
  void Push(const worker::PushFrame& frame, const Network::Done<v1::PushResponse>& done);
  void Pull(const worker::PullFrame& frame, const Network::Done<server::PullReply>& done);

  server::ServerJob& job() { return *job_; }

 private:
  server::Payload Receive(const worker::FramePayload& payload);

  EventLoop* const loop_;
  Random* const random_;
  server::MemoryBudget memory_{0, "memory"};
  server::MemoryBudget fold_;
  std::shared_ptr<server::ServerJob> job_;
};

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_SIM_SERVER_H_
