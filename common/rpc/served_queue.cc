#include "common/rpc/served_queue.h"

#include <chrono>

#include "common/check.h"

namespace paceline {

void TakeEvents(grpc::CompletionQueue* queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) (*static_cast<QueueEvent*>(tag))(ok);
}

ServedQueue::~ServedQueue() {
  PL_CHECK(threads_.empty()) << "Shutdown comes first";
  // Registered, never started: gRPC wants its queue shut down and empty.
  if (queue_ != nullptr) Shutdown();
}

void ServedQueue::Register(grpc::ServerBuilder* builder) { queue_ = builder->AddCompletionQueue(); }

void ServedQueue::Start(int threads) {
  PL_CHECK_GE(threads, 1);
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { TakeEvents(queue_.get()); });
}

absl::Duration ServedQueue::Stalled(absl::Duration now) {
  absl::Duration stalled;
  WithOpen([&] {
    const MutexLock lock(&probe_mu_);
    if (probed_.has_value()) {
      stalled = now - *probed_;
      return;
    }
    probed_ = now;
    probe_ = std::make_unique<grpc::Alarm>();
    probe_->Set(queue_.get(), std::chrono::system_clock::now(), &probe_taken_);
  });
  return stalled;
}

void ServedQueue::Shutdown() {
  {
    const WriterMutexLock lock(&mu_);
    if (!closed_) queue_->Shutdown();
    closed_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  // What is left when no thread ever ran.
  TakeEvents(queue_.get());
}

}  // namespace paceline
