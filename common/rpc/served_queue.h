// The completion queue of a server with the threads that take its events. All services of
// the server share it, and so do calls that its process makes as a client: gRPC keeps the
// sockets of a process in one epoll set, so any thread that waits for another queue is
// woken by these sockets too, only to hand on what it finds.
//
//   ServedQueue queue;
//   builder.RegisterService(&service);
//   queue.Register(&builder);
//   server = builder.BuildAndStart();
//   queue.WithOpen([&] { service.RequestPush(..., queue.get(), queue.get(), &arrived); });
//   queue.Start(/*threads=*/2);
//   ...
//   server->Shutdown(deadline);
//   queue.Shutdown();
//
// Thread-safe once registered.
#ifndef PACELINE_COMMON_RPC_SERVED_QUEUE_H_
#define PACELINE_COMMON_RPC_SERVED_QUEUE_H_

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "common/rpc/held_event.h"
#include "common/sync.h"

namespace paceline {

// Takes the events of `queue`, whose tags are QueueEvents, until it is shut down and empty.
void TakeEvents(grpc::CompletionQueue* queue);

class ServedQueue {
 public:
  ServedQueue() = default;
  // After Shutdown, or if it was never started.
  ~ServedQueue();
  ServedQueue(const ServedQueue&) = delete;
  ServedQueue& operator=(const ServedQueue&) = delete;

  // Adds the queue to a server. Before BuildAndStart.
  void Register(grpc::ServerBuilder* builder);
  // Takes events with so many threads, at least 1. After BuildAndStart.
  void Start(int threads);
  // After the server's own Shutdown: takes what is left and joins.
  void Shutdown();

  // Whether threads take events: adds one, unless one is still on its way, and says for how
  // long that one has not been taken. Ask again and again.
  absl::Duration Stalled(absl::Duration now);

  // After Register.
  grpc::ServerCompletionQueue* get() { return queue_.get(); }

  // Runs `use`, which adds work to the queue, unless the queue has been shut down.
  // Returns whether it ran.
  template <typename Use>
  bool WithOpen(Use use) {
    // Beside other readers: `use` may copy a message to the connection.
    const ReaderMutexLock lock(&mu_);
    if (closed_) return false;
    use();
    return true;
  }

 private:
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  SharedMutex mu_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
  Mutex probe_mu_;
  // Nothing is on its way: it was taken.
  std::optional<absl::Duration> probed_ ABSL_GUARDED_BY(probe_mu_);
  QueueEvent probe_taken_ = [this](bool) {
    const MutexLock lock(&probe_mu_);
    probed_.reset();
  };
  std::unique_ptr<grpc::Alarm> probe_ ABSL_GUARDED_BY(probe_mu_);
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_SERVED_QUEUE_H_
