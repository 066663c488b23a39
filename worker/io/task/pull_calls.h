// The call of a pull frame, and its rows' way into the parameters: what iterations,
// pulls ahead of them and evaluation share.
//
// Owned by the event loop's thread.
#ifndef PACELINE_WORKER_IO_TASK_PULL_CALLS_H_
#define PACELINE_WORKER_IO_TASK_PULL_CALLS_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "worker/core/model.h"
#include "worker/core/task/delta_states.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/shard_layout.h"
#include "worker/io/net/data_client.h"
#include "worker/io/task/frame_calls.h"

namespace paceline::worker {

// Where rows go, at the time when it is asked.
struct PullInto {
  std::function<Parameters*()> parameters;
  // May be null.
  DeltaStates* states = nullptr;
  // May be empty: called with what has come.
  std::function<void(const PullFrame&, const PullReply&)> scattered;
};

// Adds the call. Its answer is scattered (pull_plan.h) on the loop's thread.
void AddPull(FrameCalls* calls, const std::shared_ptr<DataClient>& client,
             std::shared_ptr<const ShardLayout> layout, PullFrame frame, PullInto into);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_PULL_CALLS_H_
