// What a task computes on, what it says of it, and how the want of memory ends a job.
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/fs_posix.h"
#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "worker/io/task/fake_cluster.h"
#include "worker/io/task/fake_gpus.h"
#include "worker/io/task/task.h"

namespace paceline::worker {
namespace {

constexpr char kNoMemory[] =
    "GPU 1 (NVIDIA H100): 12.0 GiB needed for the activations of layer 2, 3.1 GiB free of 79.6 GiB";

v1::JobSpec Counting(v1::DeviceKind device) {
  v1::JobSpec spec;
  spec.set_name("test");
  spec.mutable_model()->set_kind(v1::MODEL_KIND_COUNTING);
  spec.mutable_train()->set_iterations(10);
  spec.mutable_resources()->set_device(device);
  return WithDefaults(spec);
}

struct OneTask {
  RealClock clock;
  PosixFileSystem fs;
  FakeGpus gpus;
  FakeCluster cluster;

  explicit OneTask(v1::DeviceKind device) : cluster(Counting(device), 1) {}

  TaskEnd Run(const DeviceFlag& device, const std::string& reason = "") {
    TaskOptions options;
    options.job_id = 1;
    options.incarnation = 1;
    options.device = device;
    options.device_reason = reason;
    options.create_device = gpus.factory();
    options.clock = &clock;
    options.fs = &fs;
    options.scheduler = cluster.scheduler();
    options.data_client = cluster.data_client();
    return Task::Start(std::move(options))->Wait();
  }
};

TEST_CASE("a task computes on what it is given, and says why") {
  struct Case {
    v1::DeviceKind spec;
    DeviceFlag given;
    std::string device;
    std::string name;
    std::string reason;
  };
  const DeviceFlag cpu = {.kind = v1::DEVICE_KIND_CPU, .gpu = std::nullopt};
  const DeviceFlag second = {.kind = v1::DEVICE_KIND_CUDA, .gpu = 1};
  const Case cases[] = {
      {v1::DEVICE_KIND_AUTO, second, "cuda", "Fake GPU 1", "auto, because"},
      {v1::DEVICE_KIND_CUDA, second, "cuda", "Fake GPU 1", "asked for"},
      {v1::DEVICE_KIND_AUTO, cpu, "cpu", "cpu/", "auto, because"},
      {v1::DEVICE_KIND_CPU, second, "cpu", "cpu/", "asked for"},
  };
  for (const Case& c : cases) {
    OneTask task(c.spec);
    CHECK(task.Run(c.given, "auto, because").code == TaskEnd::kDone);
    const v1::TaskFacts facts = task.cluster.Report(0).facts();
    CHECK(facts.device() == c.device);
    CHECK(facts.device_name().substr(0, c.name.size()) == c.name);
    CHECK(facts.device_reason() == c.reason);
    CHECK(task.gpus.made() == (c.device == "cuda" ? 1 : 0));
    CHECK(task.cluster.Dense("counting/values")[0] == 10);
  }
}

TEST_CASE("a task that was given no GPU takes none") {
  OneTask task(v1::DEVICE_KIND_CUDA);
  const TaskEnd end = task.Run({.kind = v1::DEVICE_KIND_CPU, .gpu = std::nullopt});
  CHECK(end.code == TaskEnd::kFailed);
  CHECK(task.cluster.Report(0).error() == "resources.device cuda: the task was given no GPU");
  CHECK(task.gpus.made() == 0);
}

TEST_CASE("want of device memory is the job's error, with the numbers") {
  OneTask task(v1::DEVICE_KIND_CUDA);
  const absl::Status no_memory = absl::ResourceExhaustedError(kNoMemory);
  SECTION("when the task begins") { task.gpus.FailRunners(no_memory); }
  SECTION("on the way") { task.gpus.FailGradients(no_memory); }
  const TaskEnd end = task.Run({.kind = v1::DEVICE_KIND_CUDA, .gpu = 1});
  CHECK(end.code == TaskEnd::kFailed);
  CHECK(end.cause == kNoMemory);
  CHECK(task.cluster.Report(0).error() == kNoMemory);
}

}  // namespace
}  // namespace paceline::worker
