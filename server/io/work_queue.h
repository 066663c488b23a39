// One thread that runs what it is given, in order: for work that takes time and
// must not hold up a gRPC thread or the heartbeat.
//
// Thread-safe. Owns its thread.
#ifndef PACELINE_SERVER_IO_WORK_QUEUE_H_
#define PACELINE_SERVER_IO_WORK_QUEUE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>

#include "common/sync.h"

namespace paceline::server {

class WorkQueue {
 public:
  // At most `limit` pieces of work wait.
  explicit WorkQueue(size_t limit);
  // Runs what is queued, then joins.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // False: the queue is full or shut down; nothing will run.
  bool Add(std::function<void()> work);

  // Pieces that wait, and may wait at most.
  size_t depth() const;
  size_t limit() const { return limit_; }

  // Takes no more, runs what is queued, joins. May be called twice, by one thread.
  void Shutdown();

 private:
  void Run();

  const size_t limit_;
  mutable Mutex mu_;
  CondVar changed_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mu_);
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_WORK_QUEUE_H_
