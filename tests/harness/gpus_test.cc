// Workers that say that they have GPUs, two each, and tasks that believe it.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/local/in_process_cluster.h"
#include "common/status/status_matchers.h"
#include "tests/harness/harness.h"
#include "worker/gpu/find_gpus.h"
#include "worker/io/task/fake_gpus.h"

namespace paceline {
namespace {

using Catch::Matchers::Contains;

constexpr char kNoMemory[] =
    "GPU 0 (Fake): 12.0 GiB needed for the weights of layer 2, 3.1 GiB free of 79.6 GiB";

// Ordinals 0 and 1 on the first worker, 2 and 3 on the second.
gpu::GpusFound TwoGpus(int worker) {
  gpu::GpusFound found;
  for (int i = 0; i < 2; ++i) {
    const auto ordinal = static_cast<uint32_t>(2 * worker + i);
    found.gpus.push_back({.ordinal = ordinal,
                          .uuid = absl::StrCat("GPU-", ordinal),
                          .name = "Fake",
                          .memory_bytes = uint64_t{80} << 30,
                          .architecture = 90});
  }
  return found;
}

struct Gpus {
  worker::FakeGpus gpus;
  Harness harness{
      cli::InProcessCluster::Options{.servers = 2,
                                     .workers = 2,
                                     .slots = 0,
                                     .change_worker = [this](int index, auto* worker, auto* task) {
                                       worker->find_gpus = [index] { return TwoGpus(index); };
                                       task->create_device = gpus.factory();
                                     }}};

  const std::string path = absl::StrCat(harness.folder(), "/data.libsvm");

  Gpus() { std::ofstream(path) << "1 1:1\n0 2:1\n1 1:2\n0 2:3\n"; }

  v1::JobSpec Spec(uint32_t ranks, uint64_t iterations) const {
    v1::JobSpec spec = Counting(v1::POLICY_BSP, ranks, 2, iterations);
    spec.clear_model();
    spec.mutable_model()->set_kind(v1::MODEL_KIND_LOGISTIC);
    spec.mutable_data()->mutable_train()->set_path(path);
    spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_LIBSVM);
    spec.mutable_train()->set_global_batch(ranks);
    spec.mutable_resources()->set_device(v1::DEVICE_KIND_CUDA);
    spec.mutable_resources()->set_gpu_memory(40000);
    return spec;
  }
};

TEST_CASE("each rank computes on a GPU of its own, and the summary says on which") {
  Gpus f;
  const v1::Job job = f.harness.Run(f.Spec(4, 25));
  INFO(job.ShortDebugString());
  REQUIRE(job.state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(job.summary().device() == "cuda");
  CHECK_THAT(job.summary().device_name(), Contains("Fake GPU "));
  CHECK(job.summary().device_reason() == "asked for");
  CHECK(job.summary().iterations() == 100);
  std::set<std::pair<std::string, uint32_t>> places;
  for (const v1::RankStatus& rank : job.ranks()) {
    REQUIRE(rank.has_gpu());
    places.emplace(rank.worker_address(), rank.gpu());
  }
  CHECK(places.size() == 4);
  CHECK(f.gpus.used() == std::set<uint32_t>{0, 1, 2, 3});
  CHECK(f.gpus.most_on_one() == 1);
}

TEST_CASE("nobody gets the GPU of another, whoever restarts") {
  Gpus f;
  const uint64_t first = f.harness.Submit(f.Spec(3, 1'000'000'000));
  f.harness.AwaitUpdate(first, [](const v1::Job& job) {
    return job.state() == v1::JOB_STATE_RUNNING && job.iterations_done() > 0;
  });
  const uint64_t second = f.harness.Submit(f.Spec(2, 25));
  const std::string waits = "needs 2 GPUs of one model (bsp) of at least 40000 MiB, 1 free: ";
  CHECK_THAT(f.harness.Get(second).reason(), Contains(waits));
  CHECK_THAT(f.harness.Get(second).reason(), Contains(absl::StrCat("busy with job ", first)));
  REQUIRE_OK(f.harness.cluster().RestartScheduler());
  // The scheduler hears of the workers again, and of the GPU that is free.
  f.harness.AwaitUpdate(
      second, [&](const v1::Job& job) { return job.reason().find(waits) != std::string::npos; });
  const v1::Job still = f.harness.Get(first);
  REQUIRE(still.ranks_size() == 3);
  for (const v1::RankStatus& rank : still.ranks()) CHECK(rank.has_gpu());
  f.harness.Cancel(first);
  CHECK(f.harness.Await(second).state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(f.gpus.most_on_one() == 1);
  CHECK(f.gpus.made() == 5);
}

TEST_CASE("want of memory on a GPU fails the job at once, with the numbers") {
  Gpus f;
  const absl::Status no_memory = absl::ResourceExhaustedError(kNoMemory);
  SECTION("when a task begins") { f.gpus.FailRunners(no_memory); }
  SECTION("on the way") { f.gpus.FailGradients(no_memory); }
  const v1::Job job = f.harness.Run(f.Spec(1, 25));
  CHECK(job.state() == v1::JOB_STATE_FAILED);
  CHECK(job.reason() == absl::StrCat("rank 0: ", kNoMemory));
  CHECK(job.summary().restarts() == 0);
  CHECK(f.gpus.made() == 1);
}

}  // namespace
}  // namespace paceline
