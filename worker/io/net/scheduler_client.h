// The scheduler as nodes and tasks call it, on any wire.
#ifndef PACELINE_WORKER_IO_NET_SCHEDULER_CLIENT_H_
#define PACELINE_WORKER_IO_NET_SCHEDULER_CLIENT_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/node.pb.h"

namespace paceline::worker {

// A call that has been started. May be deleted at any time; its callback comes
// all the same.
class PendingCall {
 public:
  virtual ~PendingCall() = default;
  // Ends it soon, with Cancelled unless it has an answer already. The callback may
  // come before Cancel returns.
  virtual void Cancel() = 0;
};

// Callbacks come exactly once, on a thread of the client's choice, and may come
// before the method returns. Thread-safe.
class SchedulerClient {
 public:
  template <typename Response>
  using Done = std::function<void(absl::StatusOr<Response>)>;

  virtual ~SchedulerClient() = default;

  // Errors of both:  Unavailable: it cannot be reached; DeadlineExceeded;
  //                  Cancelled; those of the scheduler.
  virtual std::unique_ptr<PendingCall> SyncTask(const v1::SyncTaskRequest& request,
                                                absl::Duration timeout,
                                                Done<v1::SyncTaskResponse> done) = 0;
  virtual std::unique_ptr<PendingCall> Heartbeat(const v1::HeartbeatRequest& request,
                                                 absl::Duration timeout,
                                                 Done<v1::HeartbeatResponse> done) = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_SCHEDULER_CLIENT_H_
