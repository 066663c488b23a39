// The completion queue of a process's calls as a client, with the thread that takes its
// events. All of its clients share it: gRPC keeps the sockets of a process in one set, so a
// second queue's thread, or gRPC's own, would be woken by these calls only to hand them on.
//
// Thread-safe.
#ifndef PACELINE_WORKER_IO_NET_CLIENT_QUEUE_H_
#define PACELINE_WORKER_IO_NET_CLIENT_QUEUE_H_

#include <grpcpp/completion_queue.h>

#include <cstdint>
#include <functional>
#include <map>
#include <thread>

#include "absl/time/time.h"
#include "common/sync.h"

namespace paceline::worker {

class ClientQueue {
 public:
  // How often ticks come.
  static constexpr absl::Duration kTick = absl::Milliseconds(50);

  ClientQueue();
  // All calls are over.
  ~ClientQueue();
  ClientQueue(const ClientQueue&) = delete;
  ClientQueue& operator=(const ClientQueue&) = delete;

  // Tags point to QueueEvents (common/rpc/held_event.h), which run on the thread: they hand
  // on, and do not compute.
  grpc::CompletionQueue* get() { return &queue_; }

  // Calls `tick` on the thread, time and again, until RemoveTick has returned.
  uint64_t AddTick(std::function<void()> tick);
  // Not from a tick.
  void RemoveTick(uint64_t id);

 private:
  void Serve();

  grpc::CompletionQueue queue_;
  Mutex mu_;
  uint64_t next_id_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<uint64_t, std::function<void()>> ticks_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_CLIENT_QUEUE_H_
