#include "server/io/work_queue.h"

#include <utility>

namespace paceline::server {

WorkQueue::WorkQueue(size_t limit) : limit_(limit), thread_([this] { Run(); }) {}

WorkQueue::~WorkQueue() { Shutdown(); }

bool WorkQueue::Add(std::function<void()> work) {
  MutexLock lock(&mu_);
  if (shut_down_ || queue_.size() >= limit_) return false;
  queue_.push_back(std::move(work));
  changed_.NotifyOne();
  return true;
}

size_t WorkQueue::depth() const {
  MutexLock lock(&mu_);
  return queue_.size();
}

void WorkQueue::Shutdown() {
  {
    MutexLock lock(&mu_);
    shut_down_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void WorkQueue::Run() {
  while (true) {
    std::function<void()> work;
    {
      MutexLock lock(&mu_);
      while (queue_.empty() && !shut_down_) changed_.Wait(&mu_);
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace paceline::server
