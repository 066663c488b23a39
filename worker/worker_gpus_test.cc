// What a worker says of its GPUs, and which tasks get them.
#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "common/clock.h"
#include "common/fs_posix.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "proto/node.grpc.pb.h"
#include "worker/core/node/device_flag.h"
#include "worker/gpu/find_gpus.h"
#include "worker/worker.h"
#include "worker/worker_testing.h"

namespace paceline::worker {
namespace {

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
  // Families without a GPU have no samples.
  CHECK_THAT(f.Get("/metrics"), !Catch::Matchers::Contains("gpu=\""));
  f.scheduler.Order(0, v1::TaskOrder::RUN);
  f.scheduler.Await(
      [](const v1::HeartbeatRequest& r) { return Runs(r, 1) && r.tasks(0).pid() != 0; });
  CHECK(f.DeviceOf(0) == "cpu: auto, and the worker has no GPU: no driver");
}

TEST_CASE("A worker that must have GPUs does not start without them") {
  struct Case {
    DeviceFlag device;
    gpu::GpusFound found;
    std::string message;
  };
  const Case cases[] = {
      {{.kind = v1::DEVICE_KIND_CUDA, .gpu = std::nullopt},
       {.gpus = {}, .reason = "no driver"},
       "--device=cuda: no GPU to compute on: no driver"},
      {{.kind = v1::DEVICE_KIND_CUDA, .gpu = 2},
       TwoGpus(),
       "--device=cuda:2: one of the GPUs 0, 1"},
  };
  RealClock clock;
  PosixFileSystem fs;
  for (const Case& c : cases) {
    Worker::Options options;
    options.scheduler = "127.0.0.1:1";
    options.data_dir = TempDir("bad");
    options.device = c.device;
    options.find_gpus = [&] { return c.found; };
    options.clock = &clock;
    options.fs = &fs;
    CHECK_STATUS(Worker::Start(std::move(options)).status(), absl::StatusCode::kFailedPrecondition,
                 c.message);
  }
}

}  // namespace
}  // namespace paceline::worker
