#include "worker/io/net/faulty_scheduler_client.h"

#include <utility>
#include <vector>

#include "common/sync.h"
#include "worker/io/net/delayed_calls.h"
#include "worker/io/net/faulty_call.h"

namespace paceline::worker {
namespace {

// The copies of a call. Thread-safe.
class Copies {
 public:
  // Cancels it at once if Cancel came before.
  void Add(std::unique_ptr<PendingCall> call) {
    {
      MutexLock lock(&mu_);
      if (!cancelled_) {
        calls_.push_back(std::move(call));
        return;
      }
    }
    // Not under the lock: its callback may come here.
    call->Cancel();
  }
  void Cancel() {
    std::vector<std::unique_ptr<PendingCall>> calls;
    {
      MutexLock lock(&mu_);
      cancelled_ = true;
      calls.swap(calls_);
    }
    for (const auto& call : calls) call->Cancel();
  }

 private:
  Mutex mu_;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::unique_ptr<PendingCall>> calls_ ABSL_GUARDED_BY(mu_);
};

class FaultyPendingCall final : public PendingCall {
 public:
  explicit FaultyPendingCall(std::shared_ptr<Copies> copies) : copies_(std::move(copies)) {}
  void Cancel() override { copies_->Cancel(); }

 private:
  const std::shared_ptr<Copies> copies_;
};

class FaultySchedulerClient final : public SchedulerClient {
 public:
  FaultySchedulerClient(std::unique_ptr<SchedulerClient> client, const RpcFaultSpec& faults,
                        uint64_t stream, Clock* clock)
      : client_(std::move(client)), faults_(faults, stream), later_(clock) {}

  ~FaultySchedulerClient() override {
    // Copies that were not needed any more.
    MutexLock lock(&mu_);
    while (outstanding_ > 0) answered_.Wait(&mu_);
  }

  std::unique_ptr<PendingCall> SyncTask(const v1::SyncTaskRequest& request, absl::Duration timeout,
                                        Done<v1::SyncTaskResponse> done) override {
    return Play<v1::SyncTaskResponse>(
        "SyncTask",
        [=, this](auto answer) { return client_->SyncTask(request, timeout, std::move(answer)); },
        std::move(done));
  }

  std::unique_ptr<PendingCall> Heartbeat(const v1::HeartbeatRequest& request,
                                         absl::Duration timeout,
                                         Done<v1::HeartbeatResponse> done) override {
    return Play<v1::HeartbeatResponse>(
        "Heartbeat",
        [=, this](auto answer) { return client_->Heartbeat(request, timeout, std::move(answer)); },
        std::move(done));
  }

 private:
  template <typename Response>
  std::unique_ptr<PendingCall> Play(
      absl::string_view method, std::function<std::unique_ptr<PendingCall>(Done<Response>)> call,
      Done<Response> done) {
    const auto copies = std::make_shared<Copies>();
    const auto send = [this, copies, call = std::move(call)](Done<Response> answer) {
      Began();
      copies->Add(call([this, answer = std::move(answer)](absl::StatusOr<Response> response) {
        answer(std::move(response));
        Ended();
      }));
    };
    // Whoever has an answer waits for no other copy's.
    const auto answered = [copies, done = std::move(done)](absl::StatusOr<Response> response) {
      copies->Cancel();
      done(std::move(response));
    };
    PlayFault<Response>(faults_.Next(method), &later_, send, answered);
    return std::make_unique<FaultyPendingCall>(copies);
  }

  void Began() {
    MutexLock lock(&mu_);
    ++outstanding_;
  }
  void Ended() {
    MutexLock lock(&mu_);
    --outstanding_;
    answered_.NotifyAll();
  }

  const std::unique_ptr<SchedulerClient> client_;
  RpcFaultInjector faults_;
  Mutex mu_;
  CondVar answered_;
  uint64_t outstanding_ ABSL_GUARDED_BY(mu_) = 0;
  // Goes first: what it delays is sent by the client.
  DelayedCalls later_;
};

}  // namespace

std::unique_ptr<SchedulerClient> WithFaults(std::unique_ptr<SchedulerClient> client,
                                            const RpcFaultSpec& faults, uint64_t stream,
                                            Clock* clock) {
  if (faults.empty()) return client;
  return std::make_unique<FaultySchedulerClient>(std::move(client), faults, stream, clock);
}

}  // namespace paceline::worker
