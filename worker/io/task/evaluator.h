// Evaluates the parameters that the servers hold on the job's evaluation data.
//
// Reads them either under a pin on every server, so that all batches see one version while
// training goes on, or as the pull of an iteration: of a state that stands still, because
// all ranks have finished, or under bsp until the rank pushes. Batches are read and computed
// on a loop and by a runner that training does not use, pulled on the event loop: dense
// tables once, of sparse ones what a batch needs.
//
// Owned by the event loop's thread.
#ifndef PACELINE_WORKER_IO_TASK_EVALUATOR_H_
#define PACELINE_WORKER_IO_TASK_EVALUATOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "proto/cluster.pb.h"
#include "worker/core/eval/metrics.h"
#include "worker/core/task/shard_layout.h"
#include "worker/io/net/data_client.h"
#include "worker/io/net/event_loop.h"
#include "worker/io/task/frame_calls.h"
#include "worker/io/task/task_job.h"

namespace paceline::worker {

class Evaluator {
 public:
  struct Options {
    EventLoop* loop = nullptr;
    EventLoop* compute = nullptr;
    // Its eval data, model and eval_runner.
    TaskJob* job = nullptr;
    std::shared_ptr<const ShardLayout> layout;
    std::shared_ptr<DataClient> client;
    InFlightOptions in_flight;
    // Names the state to read: its iteration.
    v1::RequestContext context;
    // Of the pin to read under, ascending within the rank's incarnation. 0: without one.
    uint64_t pin_number = 0;
    // Longest wait of a pull at a server.
    absl::Duration max_wait;
  };
  struct Events {
    // Every server holds the state. All on the event loop's thread.
    std::function<void()> pinned;
    // The end; one of the four. After `unreachable` it may be begun Again.
    std::function<void(const v1::EvalResult&)> done;
    std::function<void(const absl::Status&)> refused;
    std::function<void(const absl::Status&)> unreachable;
    // The data or the model failed.
    std::function<void(const absl::Status&)> failed;
  };

  // Starts at once. Everything outlives the evaluator, but for what it shares.
  Evaluator(Options options, Events events);
  // No event comes afterwards. The pins are given back.
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  // From the first batch, under the pins that there are. Not from an event of its own.
  void Again();

 private:
  // What the compute loop works on, alive as long as either loop needs it.
  struct Work;

  void PinAll();
  void ReadBatch();
  void PullRows(std::vector<std::vector<uint64_t>> keys);
  void Predict();
  void UnpinAll();
  // Runs `work` on the compute loop, then `then` here.
  void OnCompute(std::function<absl::Status(Work*)> work, std::function<void()> then);

  const Options options_;
  const Events events_;
  std::shared_ptr<bool> alive_;
  std::shared_ptr<Work> work_;
  FrameCalls calls_;
  // What follows when the calls are through.
  std::function<void()> next_;
  // By server; 0: not pinned.
  std::vector<uint64_t> pins_;
  bool has_dense_ = false;
  uint64_t next_record_ = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_EVALUATOR_H_
