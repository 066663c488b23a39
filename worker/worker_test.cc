// A worker over loopback, with a scheduler of a few lines and tasks that the test
// plays itself.
#include "worker/worker.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <httplib.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/fs_posix.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "proto/cluster.grpc.pb.h"
#include "proto/node.grpc.pb.h"
#include "worker/core/node/device_flag.h"
#include "worker/gpu/find_gpus.h"
#include "worker/io/node/task_logs.h"

namespace paceline::worker {
namespace {

std::string TempDir(const std::string& name) {
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
std::string DevicePath(const std::string& data_dir, uint32_t rank) {
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

bool Runs(const v1::HeartbeatRequest& request, int tasks) { return request.tasks_size() == tasks; }

TEST_CASE("A worker registers, obeys and reports") {
  Fixture f("obeys");
  const v1::HeartbeatRequest self =
      f.scheduler.Await([](const v1::HeartbeatRequest& r) { return r.sequence() > 0; });
  CHECK(self.role() == v1::NODE_ROLE_WORKER);
  CHECK(self.address() == absl::StrCat("127.0.0.1:", f.worker->port()));
  CHECK(self.http_address() == absl::StrCat("127.0.0.1:", f.worker->http_port()));
  CHECK(self.slots() == 3);
  CHECK_FALSE(self.version().empty());
  CHECK(self.process_nonce() != 0);
  f.scheduler.Order(0, v1::TaskOrder::RUN);
  f.scheduler.Order(1, v1::TaskOrder::RUN);
  const v1::HeartbeatRequest running = f.scheduler.Await([](const v1::HeartbeatRequest& r) {
    return Runs(r, 2) && r.tasks(0).pid() != 0 && r.tasks(1).pid() != 0;
  });
  CHECK(running.tasks(0).state() == v1::TaskReport::RUNNING);
  CHECK(running.tasks(0).pid() == 4242);
  CHECK(running.scheduler().generation() == 2);
  CHECK(f.worker->scheduler_status().ok());
  f.scheduler.Order(0, v1::TaskOrder::STOP);
  f.scheduler.Await([](const v1::HeartbeatRequest& r) { return Runs(r, 1); });
  CHECK_THAT(f.Get("/readyz"), Catch::Matchers::Contains("200"));
  CHECK_THAT(f.Get("/metrics"), Catch::Matchers::Contains("paceline_worker_slots 3"));
  CHECK_THAT(f.Get("/metrics"), Catch::Matchers::Contains("paceline_worker_tasks 1"));
  CHECK_THAT(f.Get("/status"), Catch::Matchers::Contains("\"slots\": 3"));
}

TEST_CASE("Shutdown says that it drains, waits a while and stops the rest") {
  Fixture f("drains");
  f.scheduler.Order(0, v1::TaskOrder::RUN);
  f.scheduler.Await([](const v1::HeartbeatRequest& r) { return Runs(r, 1); });
  std::thread waiter([&] { f.worker->Wait(); });
  std::thread shutdown([&] { f.worker->Shutdown(absl::Minutes(1)); });
  f.scheduler.Await([](const v1::HeartbeatRequest& r) { return r.draining(); });
  // No new task; the old one may end.
  f.scheduler.Order(1, v1::TaskOrder::RUN);
  f.scheduler.Order(0, v1::TaskOrder::STOP);
  shutdown.join();
  waiter.join();
  f.worker->Shutdown(absl::Minutes(1));
}

TEST_CASE("A scheduler of an older generation is not obeyed") {
  Fixture f("stale");
  f.scheduler.Order(0, v1::TaskOrder::RUN);
  f.scheduler.Await([](const v1::HeartbeatRequest& r) { return Runs(r, 1); });
  {
    MutexLock lock(&f.scheduler.mu);
    f.scheduler.generation = 1;
  }
  f.scheduler.Order(1, v1::TaskOrder::RUN);
  while (f.worker->scheduler_status().ok()) std::this_thread::yield();
  CHECK_THAT(std::string(f.worker->scheduler_status().message()),
             Catch::Matchers::Contains("generation"));
  CHECK(f.scheduler.Await([](const v1::HeartbeatRequest&) { return true; }).tasks_size() == 1);
}

TEST_CASE("Logs are read from an offset, and followed until the task ends") {
  Fixture f("logs");
  f.scheduler.Order(0, v1::TaskOrder::RUN);
  f.scheduler.Await(
      [](const v1::HeartbeatRequest& r) { return Runs(r, 1) && r.tasks(0).pid() != 0; });
  const auto logs = f.Logs();
  const auto read = [&](int64_t offset) {
    v1::ReadTaskLogRequest request;
    request.set_job_id(7);
    request.set_offset(offset);
    grpc::ClientContext context;
    const auto reader = logs->ReadTaskLog(&context, request);
    std::string all;
    v1::LogChunk chunk;
    while (reader->Read(&chunk)) all += chunk.data();
    REQUIRE_OK(FromGrpcStatus(reader->Finish()));
    return all;
  };
  CHECK(read(0) == "first line\n");
  CHECK(read(6) == "line\n");
  CHECK(read(-5) == "line\n");
  CHECK(read(-500) == "first line\n");
  CHECK(read(500).empty());

  v1::ReadTaskLogRequest request;
  request.set_job_id(7);
  request.set_follow(true);
  grpc::ClientContext context;
  const auto reader = logs->ReadTaskLog(&context, request);
  v1::LogChunk chunk;
  REQUIRE(reader->Read(&chunk));
  CHECK(chunk.data() == "first line\n");
  {
    auto log = f.fs.OpenForAppend(TaskLogPath(f.data_dir, {7, 0, 1}));
    REQUIRE_OK(log);
    REQUIRE_OK((*log)->Append("second line\n"));
    REQUIRE_OK((*log)->Close());
  }
  REQUIRE(reader->Read(&chunk));
  CHECK(chunk.data() == "second line\n");
  f.scheduler.Order(0, v1::TaskOrder::STOP);
  CHECK_FALSE(reader->Read(&chunk));
  CHECK(reader->Finish().ok());

  request.set_rank(9);
  grpc::ClientContext none;
  const auto nothing = logs->ReadTaskLog(&none, request);
  CHECK_FALSE(nothing->Read(&chunk));
  CHECK_STATUS(FromGrpcStatus(nothing->Finish()), absl::StatusCode::kNotFound, "rank 9");
}

gpu::GpusFound TwoGpus() {
  return {.gpus = {{.ordinal = 0, .uuid = "GPU-a", .name = "NVIDIA H100", .memory_bytes = 80},
                   {.ordinal = 1, .uuid = "GPU-b", .name = "NVIDIA H100", .memory_bytes = 80}},
          .reason = ""};
}

TEST_CASE("A worker offers its GPUs, one a slot, and gives each task its own") {
  Fixture f("gpus", [](Worker::Options* options) {
    options->slots.reset();
    options->find_gpus = TwoGpus;
    options->nvml_library = "/no/such/library.so";
  });
  const v1::HeartbeatRequest self =
      f.scheduler.Await([](const v1::HeartbeatRequest& r) { return r.sequence() > 0; });
  CHECK(self.slots() == 2);
  REQUIRE(self.gpus_size() == 2);
  CHECK(self.gpus(1).ordinal() == 1);
  CHECK(self.gpus(1).uuid() == "GPU-b");
  CHECK(self.gpus(1).name() == "NVIDIA H100");
  CHECK(self.gpus(1).memory_bytes() == 80);
  CHECK_FALSE(self.gpus(1).monitored());
  CHECK(self.no_gpu_reason().empty());
  {
    MutexLock lock(&f.scheduler.mu);
    f.scheduler.gpus[1] = 1;
  }
  f.scheduler.Order(0, v1::TaskOrder::RUN);
  f.scheduler.Order(1, v1::TaskOrder::RUN);
  const v1::HeartbeatRequest running = f.scheduler.Await([](const v1::HeartbeatRequest& r) {
    return Runs(r, 2) && r.tasks(0).pid() != 0 && r.tasks(1).pid() != 0;
  });
  CHECK_FALSE(running.tasks(0).has_gpu());
  CHECK(running.tasks(1).gpu() == 1);
  CHECK(f.DeviceOf(0) ==
        "cpu: auto, and there was no free GPU for every rank, or the model has no use "
        "for one");
  CHECK(f.DeviceOf(1) == "cuda:1: auto, and there was a GPU for every rank");
  CHECK_THAT(f.Get("/metrics"), Catch::Matchers::Contains("paceline_worker_gpu_memory_bytes{gpu="
                                                          "\"1\",name=\"NVIDIA H100\"} 80\n"));
  CHECK_THAT(f.Get("/status"), Catch::Matchers::Contains("\"uuid\": \"GPU-b\""));
}

TEST_CASE("A worker without GPUs says why") {
  Fixture f("no_gpus", [](Worker::Options* options) {
    options->slots.reset();
    options->find_gpus = [] { return gpu::GpusFound{.gpus = {}, .reason = "no driver"}; };
  });
  const v1::HeartbeatRequest self =
      f.scheduler.Await([](const v1::HeartbeatRequest& r) { return r.sequence() > 0; });
  CHECK(self.slots() == 1);
  CHECK(self.gpus().empty());
  CHECK(self.no_gpu_reason() == "no driver");
  CHECK_THAT(f.Get("/status"), Catch::Matchers::Contains("\"no_gpu_reason\": \"no driver\""));
  CHECK_THAT(f.Get("/metrics"), !Catch::Matchers::Contains("_gpu_"));
  f.scheduler.Order(0, v1::TaskOrder::RUN);
  f.scheduler.Await(
      [](const v1::HeartbeatRequest& r) { return Runs(r, 1) && r.tasks(0).pid() != 0; });
  CHECK(f.DeviceOf(0) == "cpu: auto, and the worker has no GPU: no driver");
}

TEST_CASE("A worker that cannot start says why") {
  RealClock clock;
  PosixFileSystem fs;
  struct Case {
    std::function<void(Worker::Options*)> spoil;
    absl::StatusCode code;
    std::string message;
  };
  FakeScheduler taken;
  const Case cases[] = {
      {[](Worker::Options* o) { o->scheduler = ""; }, absl::StatusCode::kInvalidArgument,
       "--scheduler"},
      {[](Worker::Options* o) { o->slots = 0; }, absl::StatusCode::kInvalidArgument, "--slots"},
      {[](Worker::Options* o) { o->data_dir = ""; }, absl::StatusCode::kInvalidArgument,
       "--data-dir"},
      {[](Worker::Options* o) {
         o->device.kind = v1::DEVICE_KIND_CUDA;
         o->find_gpus = [] { return gpu::GpusFound{.gpus = {}, .reason = "no driver"}; };
       },
       absl::StatusCode::kFailedPrecondition, "--device=cuda: no GPU to compute on: no driver"},
      {[](Worker::Options* o) {
         o->device = {.kind = v1::DEVICE_KIND_CUDA, .gpu = 2};
         o->find_gpus = TwoGpus;
       },
       absl::StatusCode::kFailedPrecondition, "--device=cuda:2: one of the GPUs 0, 1"},
      {[&](Worker::Options* o) { o->listen.port = taken.port; }, absl::StatusCode::kUnavailable,
       "--listen"},
  };
  for (const Case& c : cases) {
    Worker::Options options;
    options.scheduler = "127.0.0.1:1";
    options.data_dir = TempDir("bad");
    options.launcher = std::make_unique<FakeLauncher>(&fs, options.data_dir);
    options.clock = &clock;
    options.fs = &fs;
    c.spoil(&options);
    CHECK_STATUS(Worker::Start(std::move(options)).status(), c.code, c.message);
  }
}

}  // namespace
}  // namespace paceline::worker
