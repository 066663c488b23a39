// Keeps a server in step with the scheduler: a long-polled Heartbeat, for ever.
//
// Each call says all that the server holds; the scheduler answers when something
// should differ or an interval has passed, and the next call follows at once.
// ReportNow gives the outstanding call up and reports what has changed. While the
// scheduler cannot be reached, or is not the one that was heard before, the loop
// tries again with jittered backoff; the server goes on serving what it holds.
//
// The calls end on the server's own queue: a queue of their own would need a poller that
// the data plane's sockets wake too (common/rpc/served_queue.h).
//
// Thread-safe. Owns its thread. Callbacks run on it.
#ifndef PACELINE_SERVER_IO_HEARTBEAT_LOOP_H_
#define PACELINE_SERVER_IO_HEARTBEAT_LOOP_H_

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/daemon/progress.h"
#include "common/daemon/scheduler_contact.h"
#include "common/rpc/fault_injector.h"
#include "common/scheduler_memory/scheduler_memory.h"
#include "common/sync.h"
#include "proto/node.grpc.pb.h"

namespace paceline::server {

class HeartbeatLoop {
 public:
  struct Options {
    std::shared_ptr<grpc::Channel> channel;
    // Served until the loop has stopped; its tags are QueueEvents.
    grpc::CompletionQueue* queue = nullptr;
    // Outlives the loop.
    Clock* clock = nullptr;
    // The report; the loop adds the scheduler it heard last and the sequence.
    std::function<v1::HeartbeatRequest()> report;
    // Carries orders out; must not wait.
    std::function<void(const v1::HeartbeatResponse&)> heed;
    // Of the jitter.
    uint64_t seed = 0;
    // Between attempts: doubled from the first to the largest.
    absl::Duration first_backoff = absl::Milliseconds(100);
    absl::Duration max_backoff = absl::Milliseconds(500);
    // For tests.
    RpcFaultSpec faults;
  };

  explicit HeartbeatLoop(Options options);
  // Stops.
  ~HeartbeatLoop();
  HeartbeatLoop(const HeartbeatLoop&) = delete;
  HeartbeatLoop& operator=(const HeartbeatLoop&) = delete;

  // The state of the server has changed.
  void ReportNow();

  // Errors:  Internal  it is stuck.
  absl::Status health() const { return progress_.Check(); }

  // OK after an answer, or why the last call had none.
  absl::Status scheduler_status() const;

  // Since when it was heard.
  const SchedulerContact& contact() const { return contact_; }

  // Gives the outstanding call up and joins. May be called twice, by one thread.
  void Stop();

 private:
  struct Exchange;

  void Run();
  // Waits for the answer, a change or Stop.
  absl::Status CallOnce();
  // Sends what `exchange` asks.
  void Send(Exchange* exchange);
  void WaitBackoff(int failures);
  // Or for Stop.
  void WaitUntil(absl::Duration time);

  const Options options_;
  const std::unique_ptr<v1::Coordination::Stub> stub_;
  RpcFaultInjector faults_;
  Progress progress_;
  SchedulerContact contact_;
  // The loop's own.
  SchedulerMemory memory_;
  uint64_t sequence_ = 0;
  absl::Duration interval_ = absl::Seconds(1);
  // Calls in a row that were not answered in time.
  uint64_t overdue_ = 0;

  mutable Mutex mu_;
  CondVar changed_cv_;
  bool changed_ ABSL_GUARDED_BY(mu_) = false;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status scheduler_status_ ABSL_GUARDED_BY(mu_) =
      absl::UnavailableError("the scheduler has not answered yet");
  std::thread thread_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_HEARTBEAT_LOOP_H_
