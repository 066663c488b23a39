// A task: a rank that gets its job, map and grants from the scheduler by SyncTask.
#ifndef PACELINE_TESTS_SIM_SIM_TASK_H_
#define PACELINE_TESTS_SIM_SIM_TASK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/job.pb.h"
#include "proto/node.pb.h"
#include "tests/sim/event_loop.h"
#include "tests/sim/network.h"
#include "tests/sim/sim_rank.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/toy_model.h"
#include "worker/core/task/batch_selection.h"

namespace paceline::sim {

// Owned by one thread.
class SimTask {
 public:
  using FindServers = std::function<std::vector<SimServer*>(const v1::ShardMap&)>;
  struct Options {
    EventLoop* loop = nullptr;
    Random* random = nullptr;
    Network* network = nullptr;
    FindServers find_servers;
    // Address of its worker.
    std::string node;
    uint64_t job_id = 0;
    uint32_t rank = 0;
    uint64_t incarnation = 1;
    uint64_t records = 0;
  };

  explicit SimTask(Options options) : options_(std::move(options)) {}

  // All that the task knows, for the scheduler.
  v1::SyncTaskRequest Report();
  void Obey(const v1::SyncTaskResponse& reply);
  // It ends, and nobody is told.
  void Kill();
  // It ends, and its worker sees it.
  void Die() {
    Kill();
    exited_ = true;
  }

  // It ended by itself.
  bool exited() const { return exited_; }
  // Address of its worker.
  const std::string& node() const { return options_.node; }
  bool alive() const { return !killed_ && !exited_; }
  std::string Describe() const;

 private:
  void StartRank(const v1::SyncTaskResponse& reply);

  const Options options_;
  bool killed_ = false;
  bool exited_ = false;
  uint64_t sequence_ = 0;
  std::optional<v1::JobSpec> spec_;
  std::optional<ToyModel> model_;
  std::optional<worker::BatchSelection> selection_;
  std::shared_ptr<SimRank> rank_;
  uint64_t timeline_ = 0;
  uint64_t epoch_ = 0;
  // Of the report that is answered next.
  uint64_t reported_timeline_ = 0;
  uint64_t last_iteration_ = 0;
};

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_SIM_TASK_H_
