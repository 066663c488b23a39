// A worker against a scheduler of a few lines, with tasks that are none.
//
// For tests.
#ifndef PACELINE_WORKER_WORKER_TESTING_H_
#define PACELINE_WORKER_WORKER_TESTING_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <httplib.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/fs_posix.h"
#include "common/rpc/channel.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "proto/cluster.grpc.pb.h"
#include "proto/node.grpc.pb.h"
#include "worker/core/node/device_flag.h"
#include "worker/io/node/task_logs.h"
#include "worker/worker.h"

namespace paceline::worker {

inline std::string TempDir(const std::string& name) {
  const char* dir = std::getenv("TEST_TMPDIR");
  return absl::StrCat(dir != nullptr ? dir : "/tmp", "/", name);
}

// Holds each heartbeat until there is an order that its report does not satisfy.
class FakeScheduler final : public v1::Coordination::Service {
 public:
  FakeScheduler() {
    grpc::ServerBuilder builder;
    ApplyServerDefaults(&builder);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server = builder.BuildAndStart();
  }
  ~FakeScheduler() override {
    {
      MutexLock lock(&mu);
      down = true;
      changed.NotifyAll();
    }
    server->Shutdown();
  }

  grpc::Status Heartbeat(grpc::ServerContext* context, const v1::HeartbeatRequest* request,
                         v1::HeartbeatResponse* response) override {
    RealClock clock;
    MutexLock lock(&mu);
    if (request->sequence() > last.sequence()) last = *request;
    changed.NotifyAll();
    response->set_node_id(5);
    response->mutable_scheduler()->set_cluster_id("c");
    // Until there is something to say, or for a while; a call that was given up is
    // let go.
    const absl::Duration until = clock.Monotonic() + absl::Milliseconds(200);
    while (!down && !context->IsCancelled() && clock.Monotonic() < until &&
           !FillOrders(*request, response)) {
      clock.WaitUntil(&mu, &changed, clock.Monotonic() + absl::Milliseconds(20));
    }
    response->mutable_scheduler()->set_generation(generation);
    return grpc::Status::OK;
  }

  bool FillOrders(const v1::HeartbeatRequest& request, v1::HeartbeatResponse* response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    std::set<uint32_t> held;
    for (const v1::TaskReport& task : request.tasks()) held.insert(task.rank());
    for (const auto& [rank, desired] : orders) {
      if (held.contains(rank) == (desired == v1::TaskOrder::RUN)) continue;
      v1::TaskOrder* order = response->add_tasks();
      order->set_job_id(7);
      order->set_rank(rank);
      order->set_incarnation(1);
      order->set_desired(desired);
      if (gpus.contains(rank)) order->set_gpu(gpus.at(rank));
    }
    return response->tasks_size() > 0;
  }

  void Order(uint32_t rank, v1::TaskOrder::Desired desired) {
    MutexLock lock(&mu);
    orders[rank] = desired;
    changed.NotifyAll();
  }
  v1::HeartbeatRequest Await(const std::function<bool(const v1::HeartbeatRequest&)>& condition) {
    MutexLock lock(&mu);
    while (!condition(last)) changed.Wait(&mu);
    return last;
  }

  Mutex mu;
  CondVar changed;
  v1::HeartbeatRequest last ABSL_GUARDED_BY(mu);
  std::map<uint32_t, v1::TaskOrder::Desired> orders ABSL_GUARDED_BY(mu);
  // By rank: of orders that have one.
  std::map<uint32_t, uint32_t> gpus ABSL_GUARDED_BY(mu);
  uint64_t generation ABSL_GUARDED_BY(mu) = 2;
  bool down ABSL_GUARDED_BY(mu) = false;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

// Where a rank's task says what it was given to compute on.
inline std::string DevicePath(const std::string& data_dir, uint32_t rank) {
  return absl::StrCat(data_dir, "/device-", rank);
}

// Tasks that run until they are stopped, and write a log.
class FakeLauncher final : public TaskLauncher {
 public:
  FakeLauncher(FileSystem* fs, std::string data_dir) : fs_(fs), data_dir_(std::move(data_dir)) {}

  absl::StatusOr<std::unique_ptr<RunningTask>> Launch(const TaskKey& key,
                                                      const TaskDevice& device) override {
    class Task final : public RunningTask {
     public:
      int64_t pid() const override { return 4242; }
      std::optional<v1::TaskExit> TryWait() override {
        return stopped_ ? std::optional<v1::TaskExit>(v1::TaskExit()) : std::nullopt;
      }
      void Stop() override { stopped_ = true; }
      void Kill() override { stopped_ = true; }

     private:
      bool stopped_ = false;
    };
    absl::Status logged = PrepareTaskLog(*fs_, data_dir_, key);
    if (logged.ok()) logged = WriteFileDurably(*fs_, TaskLogPath(data_dir_, key), "first line\n");
    if (logged.ok()) {
      logged = WriteFileDurably(*fs_, DevicePath(data_dir_, key.rank),
                                absl::StrCat(DeviceFlagText(device.device), ": ", device.reason));
    }
    if (!logged.ok()) return logged;
    return std::make_unique<Task>();
  }

 private:
  FileSystem* const fs_;
  const std::string data_dir_;
};

struct Fixture {
  RealClock clock;
  PosixFileSystem fs;
  FakeScheduler scheduler;
  std::string data_dir;
  std::unique_ptr<Worker> worker;

  explicit Fixture(
      const std::string& name, std::function<void(Worker::Options*)> change = [](auto*) {})
      : data_dir(TempDir(name)) {
    Worker::Options options;
    options.http_listen = HostPort{"127.0.0.1", 0};
    options.scheduler = absl::StrCat("127.0.0.1:", scheduler.port);
    options.data_dir = data_dir;
    options.slots = 3;
    options.launcher = std::make_unique<FakeLauncher>(&fs, data_dir);
    options.clock = &clock;
    options.fs = &fs;
    change(&options);
    auto started = Worker::Start(std::move(options));
    REQUIRE_OK(started);
    worker = *std::move(started);
  }
  std::string Get(const std::string& path) {
    httplib::Client client("127.0.0.1", worker->http_port());
    const auto response = client.Get(path.c_str());
    return response ? absl::StrCat(response->status, " ", response->body) : "no answer";
  }
  std::string DeviceOf(uint32_t rank) { return *ReadFile(fs, DevicePath(data_dir, rank)); }
  std::unique_ptr<v1::TaskLogs::Stub> Logs() {
    return v1::TaskLogs::NewStub(MakeChannel(absl::StrCat("127.0.0.1:", worker->port()),
                                             grpc::InsecureChannelCredentials()));
  }
};

inline bool Runs(const v1::HeartbeatRequest& request, int tasks) {
  return request.tasks_size() == tasks;
}

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_WORKER_TESTING_H_
