#include "server/io/heartbeat_loop.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/rpc/channel.h"
#include "common/rpc/fault_injector.h"
#include "common/rpc/served_queue.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"

namespace paceline::server {
namespace {

// A scheduler that holds every reply until it is told to answer, as a long poll does.
class FakeScheduler final : public v1::Coordination::Service {
 public:
  // Listens on a free port, or again on `port`.
  void Start(int port = 0) {
    grpc::ServerBuilder builder;
    ApplyServerDefaults(&builder);
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    REQUIRE(server_ != nullptr);
    REQUIRE(port_ != 0);
  }
  void Stop() {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
  }
  int port() const { return port_; }

  grpc::Status Heartbeat(grpc::ServerContext* context, const v1::HeartbeatRequest* request,
                         v1::HeartbeatResponse* response) override {
    MutexLock lock(&mu_);
    requests_.push_back(*request);
    cv_.NotifyAll();
    while (answers_.empty()) {
      if (context->IsCancelled()) return grpc::Status::CANCELLED;
      // Woken now and then to see whether the caller has gone.
      (void)clock_.WaitUntil(&mu_, &cv_, clock_.Monotonic() + absl::Milliseconds(5));
    }
    *response = answers_.front();
    answers_.erase(answers_.begin());
    return grpc::Status::OK;
  }

  void Answer(uint64_t generation, uint64_t nonce, uint64_t node_id) {
    MutexLock lock(&mu_);
    v1::HeartbeatResponse response;
    response.set_node_id(node_id);
    response.set_heartbeat_ms(100);
    response.mutable_scheduler()->set_cluster_id("c");
    response.mutable_scheduler()->set_generation(generation);
    response.mutable_scheduler()->set_start_nonce(nonce);
    response.mutable_scheduler()->set_journal_index(generation);
    response.mutable_scheduler()->set_start_index(generation);
    answers_.push_back(response);
    cv_.NotifyAll();
  }

  // The request number `n`, from 0, when it has come.
  v1::HeartbeatRequest Await(size_t n) {
    MutexLock lock(&mu_);
    while (requests_.size() <= n) cv_.Wait(&mu_);
    return requests_[n];
  }

 private:
  RealClock clock_;
  Mutex mu_;
  CondVar cv_;
  std::vector<v1::HeartbeatRequest> requests_ ABSL_GUARDED_BY(mu_);
  std::vector<v1::HeartbeatResponse> answers_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

// A loop that notes what it is told.
class Node {
 public:
  explicit Node(int port, const RpcFaultRates& faults = {}) {
    HeartbeatLoop::Options options;
    options.channel =
        MakeChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
    options.queue = &queue_;
    options.clock = &clock_;
    options.report = [this] {
      v1::HeartbeatRequest request;
      request.set_memory_used(bytes_);
      return request;
    };
    options.heed = [this](const v1::HeartbeatResponse& response) {
      MutexLock lock(&mu_);
      heeded_.push_back(response.node_id());
      cv_.NotifyAll();
    };
    options.first_backoff = absl::Milliseconds(1);
    options.max_backoff = absl::Milliseconds(10);
    options.faults.methods["Heartbeat"] = faults;
    loop_ = std::make_unique<HeartbeatLoop>(options);
  }
  ~Node() {
    loop_->Stop();
    queue_.Shutdown();
    events_.join();
  }

  void SetBytes(uint64_t bytes) { bytes_ = bytes; }
  HeartbeatLoop& loop() { return *loop_; }
  void AwaitHeeded(const std::vector<uint64_t>& expected) {
    MutexLock lock(&mu_);
    while (heeded_.size() < expected.size()) cv_.Wait(&mu_);
    CHECK(heeded_ == expected);
  }

 private:
  RealClock clock_;
  grpc::CompletionQueue queue_;
  std::thread events_{[this] { TakeEvents(&queue_); }};
  std::atomic<uint64_t> bytes_{1};
  Mutex mu_;
  CondVar cv_;
  std::vector<uint64_t> heeded_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<HeartbeatLoop> loop_;
};

TEST_CASE("a heartbeat whose reply is lost on purpose is not heeded and is sent again") {
  FakeScheduler scheduler;
  scheduler.Start();
  Node node(scheduler.port(), {.lose_reply = 1000});
  CHECK(scheduler.Await(0).sequence() == 1);
  scheduler.Answer(1, 1, 42);
  const v1::HeartbeatRequest second = scheduler.Await(1);
  CHECK(second.sequence() == 2);
  CHECK(second.scheduler().cluster_id().empty());
  CHECK_STATUS(node.loop().scheduler_status(), absl::StatusCode::kUnavailable, "lost on purpose");
  node.loop().Stop();
  node.AwaitHeeded({});
  scheduler.Stop();
}

TEST_CASE("a heartbeat that is sent twice on purpose is one to the node") {
  FakeScheduler scheduler;
  scheduler.Start();
  Node node(scheduler.port(), {.duplicate = 1000});
  CHECK(scheduler.Await(0).sequence() == 1);
  CHECK(scheduler.Await(1).sequence() == 1);
  scheduler.Answer(1, 1, 42);
  scheduler.Answer(1, 1, 42);
  const v1::HeartbeatRequest second = scheduler.Await(2);
  // Not 1 again; on a machine that stands still a call may end before the scheduler reads it.
  CHECK(second.sequence() > 1);
  CHECK(second.scheduler().cluster_id() == "c");
  node.loop().Stop();
  scheduler.Stop();
}

TEST_CASE("reports, heeds, reports again with the scheduler it heard") {
  FakeScheduler scheduler;
  scheduler.Start();
  Node node(scheduler.port());
  const v1::HeartbeatRequest first = scheduler.Await(0);
  CHECK(first.sequence() == 1);
  CHECK(first.scheduler().cluster_id().empty());
  CHECK_FALSE(node.loop().scheduler_status().ok());
  scheduler.Answer(1, 1, 42);
  node.AwaitHeeded({42});
  const v1::HeartbeatRequest second = scheduler.Await(1);
  CHECK(second.sequence() == 2);
  CHECK(second.scheduler().cluster_id() == "c");
  REQUIRE_OK(node.loop().scheduler_status());
  node.loop().Stop();
  scheduler.Stop();
}

TEST_CASE("a change is reported at once: the call that waits is given up") {
  FakeScheduler scheduler;
  scheduler.Start();
  Node node(scheduler.port());
  CHECK(scheduler.Await(0).memory_used() == 1);
  node.SetBytes(2);
  node.loop().ReportNow();
  CHECK(scheduler.Await(1).memory_used() == 2);
  node.loop().Stop();
  scheduler.Stop();
}

TEST_CASE("a scheduler that comes late, or goes and comes again, is found") {
  int port = 0;
  {
    FakeScheduler scheduler;
    scheduler.Start();
    port = scheduler.port();
    scheduler.Stop();
  }
  Node node(port);
  FakeScheduler scheduler;
  scheduler.Start(port);
  scheduler.Answer(1, 1, 1);
  node.AwaitHeeded({1});
  scheduler.Stop();
  scheduler.Start(port);
  scheduler.Answer(2, 2, 2);
  node.AwaitHeeded({1, 2});
  node.loop().Stop();
  scheduler.Stop();
}

TEST_CASE("another scheduler of the same generation is not heeded") {
  FakeScheduler scheduler;
  scheduler.Start();
  Node node(scheduler.port());
  scheduler.Answer(3, 1, 10);
  node.AwaitHeeded({10});
  scheduler.Answer(3, 2, 11);
  scheduler.Answer(2, 3, 12);
  scheduler.Answer(4, 4, 13);
  node.AwaitHeeded({10, 13});
  node.loop().Stop();
  scheduler.Stop();
}

}  // namespace
}  // namespace paceline::server
