#include "worker/io/net/client_queue.h"

#include <pthread.h>

#include <utility>

#include "absl/time/clock.h"
#include "common/rpc/held_event.h"

namespace paceline::worker {

ClientQueue::ClientQueue() : thread_([this] { Serve(); }) {
  pthread_setname_np(thread_.native_handle(), "client-queue");
}

ClientQueue::~ClientQueue() {
  queue_.Shutdown();
  thread_.join();
}

uint64_t ClientQueue::AddTick(std::function<void()> tick) {
  MutexLock lock(&mu_);
  ticks_[next_id_] = std::move(tick);
  return next_id_++;
}

void ClientQueue::RemoveTick(uint64_t id) {
  MutexLock lock(&mu_);
  ticks_.erase(id);
}

void ClientQueue::Serve() {
  absl::Time next_tick = absl::Now();
  for (;;) {
    void* tag = nullptr;
    bool ok = false;
    switch (queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(next_tick))) {
      case grpc::CompletionQueue::SHUTDOWN:
        return;
      case grpc::CompletionQueue::GOT_EVENT:
        (*static_cast<QueueEvent*>(tag))(ok);
        break;
      case grpc::CompletionQueue::TIMEOUT:
        break;
    }
    // Often enough also if the machine's clock was set back.
    const absl::Time now = absl::Now();
    if (now < next_tick && next_tick - now <= kTick) continue;
    next_tick = now + kTick;
    MutexLock lock(&mu_);
    for (const auto& [id, tick] : ticks_) tick();
  }
}

}  // namespace paceline::worker
