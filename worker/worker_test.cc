#include "worker/worker.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/fs_posix.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "proto/cluster.grpc.pb.h"
#include "proto/node.grpc.pb.h"
#include "worker/io/node/task_logs.h"
#include "worker/worker_testing.h"

namespace paceline::worker {
namespace {

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
  CHECK(running.host().memory_bytes() > 0);
  CHECK(f.worker->scheduler_status().ok());
  CHECK(f.worker->ready().ok());
  CHECK(f.worker->health().ok());
  CHECK_THAT(f.Get("/version"), Catch::Matchers::Contains("\"role\":\"worker\""));
  f.scheduler.Order(0, v1::TaskOrder::STOP);
  f.scheduler.Await([](const v1::HeartbeatRequest& r) { return Runs(r, 1); });
  CHECK_THAT(f.Get("/readyz"), Catch::Matchers::Contains("200"));
  CHECK_THAT(f.Get("/metrics"), Catch::Matchers::Contains("paceline_worker_slots 3"));
  CHECK_THAT(f.Get("/metrics"), Catch::Matchers::Contains("paceline_worker_tasks 1"));
  CHECK_THAT(f.Get("/metrics"),
             Catch::Matchers::Contains("paceline_worker_tasks_ended_total{cause=\"stopped\"} 1"));
  CHECK_THAT(f.Get("/metrics"), Catch::Matchers::Contains("process_open_fds "));
  CHECK_THAT(f.Get("/debug/tasks"), Catch::Matchers::Contains("\"pid\": 4242"));
  CHECK_THAT(f.Get("/debug/shards"), Catch::Matchers::Contains("{\"shards\":[]}"));
  CHECK_THAT(f.Get("/healthz"), Catch::Matchers::Contains("200"));
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
