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

// Adds the call. `accept` takes the answer in, as FrameCalls says.
void AddPull(FrameCalls* calls, const std::shared_ptr<DataClient>& client, PullFrame frame,
             std::function<absl::Status(const PullFrame&, const PullReply&)> accept);

// Scatter (pull_plan.h) of a reply, which is read by it.
absl::Status ScatterReply(const ShardLayout& layout, const PullFrame& frame, const PullReply& reply,
                          Parameters* parameters, DeltaStates* states = nullptr);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_PULL_CALLS_H_
