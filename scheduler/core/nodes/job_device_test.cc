// Which ranks get GPUs, and what is said where there are none.
#include "scheduler/core/nodes/job_device.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"

namespace paceline::scheduler {
namespace {

constexpr uint64_t kH100 = 81559;
constexpr uint64_t kT4 = 15360;

// "w1" 3 slots, GPUs "h100 t4".
struct Host {
  std::string address;
  uint32_t slots;
  std::string gpus;
};

void AddHosts(FakeCluster* cluster, const std::vector<Host>& hosts) {
  cluster->records = 1000;
  cluster->AddServer("s1");
  for (const Host& host : hosts) {
    FakeNode& node = cluster->AddWorker(host.address, host.slots);
    const std::vector<std::string> gpus = absl::StrSplit(host.gpus, ' ', absl::SkipEmpty());
    for (const std::string& gpu : gpus) {
      node.AddGpu(gpu == "h100" ? "NVIDIA H100" : "Tesla T4", gpu == "h100" ? kH100 : kT4);
    }
    if (gpus.empty()) node.report.set_no_gpu_reason("no driver (libcuda.so.1)");
  }
  cluster->Step();
}

v1::JobSpec Spec(v1::DeviceKind device, uint32_t workers, v1::Policy policy = v1::POLICY_BSP,
                 uint64_t gpu_memory = 0) {
  v1::JobSpec spec = RecordsSpec(workers, 1, policy, 10, 1);
  spec.mutable_resources()->set_device(device);
  spec.mutable_resources()->set_gpu_memory(gpu_memory);
  return spec;
}

// Where the ranks are: "w1:0 w1:1 w2", with the GPU behind the colon.
std::string PlacesOf(FakeCluster* cluster, uint64_t job) {
  std::vector<std::string> places;
  const v1::Job view = cluster->View(job);
  for (const v1::RankStatus& rank : view.ranks()) {
    places.push_back(rank.worker_address() +
                     (rank.has_gpu() ? absl::StrCat(":", rank.gpu()) : std::string()));
  }
  return absl::StrJoin(places, " ");
}

v1::JobSpec LmSpec(uint32_t workers) {
  v1::JobSpec spec = RecordsSpec(workers, 1, v1::POLICY_BSP, /*global_batch=*/8, /*epochs=*/1);
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LM);
  spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_TEXT);
  return spec;
}

TEST_CASE("ranks are placed on what their job asks for") {
  constexpr auto kAuto = v1::DEVICE_KIND_AUTO;
  constexpr auto kCpu = v1::DEVICE_KIND_CPU;
  constexpr auto kCuda = v1::DEVICE_KIND_CUDA;
  constexpr auto kEmulated = v1::DEVICE_KIND_EMULATED;
  struct Case {
    std::vector<Host> hosts;
    v1::JobSpec spec;
    // Empty: it waits.
    std::string places;
    v1::DeviceKind device;
    std::string gpu_name;
  };
  const std::vector<Host> mixed = {{"w1", 2, "h100 h100"}, {"w2", 2, "t4"}, {"w3", 4, ""}};
  const Case cases[] = {
      // A GPU each, of one model under bsp.
      {mixed, Spec(kCuda, 2), "w1:0 w1:1", kCuda, "NVIDIA H100"},
      {mixed, Spec(kCuda, 3), "", kCuda, ""},
      {mixed, Spec(kCuda, 3, v1::POLICY_ASP), "w1:0 w1:1 w2:0", kCuda, ""},
      {mixed, Spec(kCuda, 4, v1::POLICY_ASP), "", kCuda, ""},
      // Enough memory: exactly as much is enough.
      {mixed, Spec(kCuda, 1, v1::POLICY_ASP, kH100), "w1:0", kCuda, ""},
      {mixed, Spec(kCuda, 1, v1::POLICY_ASP, kH100 + 1), "", kCuda, ""},
      {mixed, Spec(kCuda, 3, v1::POLICY_ASP, kT4 + 1), "", kCuda, ""},
      // Of one worker the smallest that will do.
      {{{"w1", 2, "h100 t4"}}, Spec(kCuda, 1, v1::POLICY_ASP), "w1:1", kCuda, ""},
      {{{"w1", 2, "h100 t4"}}, Spec(kCuda, 1, v1::POLICY_ASP, kT4 + 1), "w1:0", kCuda, ""},
      // A worker with fewer slots than GPUs runs no more tasks than slots.
      {{{"w1", 1, "h100 h100"}}, Spec(kCuda, 2), "", kCuda, ""},
      // auto: GPUs for all, or for none.
      {mixed, Spec(kAuto, 2), "w1:0 w1:1", kCuda, "NVIDIA H100"},
      {mixed, Spec(kAuto, 3), "w3 w3 w3", kCpu, ""},
      {mixed, Spec(kAuto, 1, v1::POLICY_BSP, kH100 + 1), "w3", kCpu, ""},
      {{{"w1", 2, ""}}, Spec(kAuto, 2), "w1 w1", kCpu, ""},
      // What needs no GPU leaves them alone as long as there is another slot.
      {mixed, Spec(kCpu, 5), "w3 w3 w3 w2 w3", kCpu, ""},
      {mixed, Spec(kCpu, 7), "w3 w3 w3 w2 w3 w1 w1", kCpu, ""},
      {{{"w1", 3, "h100"}, {"w2", 3, "t4 t4"}}, Spec(kEmulated, 4), "w1 w2 w1 w2", kEmulated, ""},
      {mixed, LmSpec(2), "w1:0 w1:1", kCuda, "NVIDIA H100"},
      // No GPU computes that.
      {mixed, CountingSpec(1, 1, v1::POLICY_BSP), "w3", kCpu, ""},
  };
  for (const Case& c : cases) {
    INFO(c.spec.resources().ShortDebugString() << " " << c.places);
    FakeCluster cluster;
    AddHosts(&cluster, c.hosts);
    const uint64_t job = cluster.Submit(c.spec);
    CHECK(PlacesOf(&cluster, job) == c.places);
    if (c.places.empty()) {
      CHECK(cluster.StateOf(job) == v1::JOB_STATE_PENDING);
      CHECK_FALSE(cluster.View(job).reason().empty());
      continue;
    }
    CHECK(cluster.Job(job).device() == c.device);
    CHECK(cluster.Job(job).gpu_name() == c.gpu_name);
    REQUIRE(cluster.RunUntilEnded(job));
    CHECK(cluster.StateOf(job) == v1::JOB_STATE_SUCCEEDED);
    CHECK(cluster.View(job).summary().device() == (c.device == kCuda ? "cuda" : "cpu"));
  }
}

TEST_CASE("a job that waits for GPUs says which there are, and what keeps each one") {
  FakeCluster cluster;
  AddHosts(&cluster, {{"w1", 2, "h100 h100"}, {"w2", 1, "t4"}, {"w3", 1, ""}});
  const uint64_t first = cluster.Submit(Spec(v1::DEVICE_KIND_CUDA, 1));
  const uint64_t second =
      cluster.Submit(Spec(v1::DEVICE_KIND_CUDA, 4, v1::POLICY_ASP, /*gpu_memory=*/40000));
  REQUIRE(PlacesOf(&cluster, first) == "w1:0");
  CHECK(cluster.View(second).reason() ==
        absl::StrCat("needs 4 GPUs of at least 40000 MiB, 1 free: w1 gpu 0 (NVIDIA H100, 81559 "
                     "MiB) busy with job ",
                     first,
                     ", w2 gpu 0 (Tesla T4, 15360 MiB) is too small, w3 has none: no driver "
                     "(libcuda.so.1)"));
  // Workers may come: the job waits, and starts with them.
  AddHosts(&cluster, {{"w4", 2, "h100 h100"}, {"w5", 1, "h100"}});
  CHECK(cluster.RunUntil(second, v1::JOB_STATE_RUNNING));
}

TEST_CASE("the reason stays short, whatever workers call themselves") {
  FakeCluster cluster;
  std::vector<Host> hosts;
  for (int i = 0; i < 50; ++i) hosts.push_back({absl::StrCat("w", i), 2, i % 2 == 0 ? "" : "t4"});
  AddHosts(&cluster, hosts);
  cluster.node("w0").report.set_no_gpu_reason(std::string(5000, 'x'));
  cluster.node("w1").report.mutable_gpus(0)->set_name(std::string(5000, 'y'));
  cluster.Step();
  const uint64_t job = cluster.Submit(Spec(v1::DEVICE_KIND_CUDA, 2, v1::POLICY_BSP, kH100));
  const std::string reason = cluster.View(job).reason();
  INFO(reason);
  CHECK(reason.find("needs 2 GPUs of one model (bsp) of at least 81559 MiB, 0 free: ") == 0);
  CHECK(reason.find(" and 45 more") != std::string::npos);
  CHECK(reason.size() < 1000);

  FakeCluster nobody;
  CHECK(nobody.View(nobody.Submit(Spec(v1::DEVICE_KIND_CUDA, 1))).reason() ==
        "needs 1 GPU, 0 free: no worker is live; needs 1 servers, 0 live");
}

// A job of two ranks on the GPUs of w1 and w2, of which each has one to spare.
struct OnGpus {
  FakeCluster cluster;
  uint64_t job = 0;

  explicit OnGpus(const std::vector<Host>& hosts = {{"w1", 2, "h100 h100"}, {"w2", 2, "h100 h100"}},
                  v1::DeviceKind device = v1::DEVICE_KIND_AUTO) {
    AddHosts(&cluster, hosts);
    job = cluster.Submit(Spec(device, 2));
    REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  }
  void Kill(const std::string& worker) {
    FakeNode& node = cluster.node(worker);
    v1::TaskReport* task = node.report.mutable_tasks(0);
    task->set_state(v1::TaskReport::EXITED);
    task->mutable_exit()->set_cause("exit code 3");
    node.tasks.at({task->job_id(), task->rank()}).exited = true;
    cluster.NodeSpeaks(node);
  }
};

TEST_CASE("a rank is played on where the job began: on a GPU of its own") {
  OnGpus on;
  REQUIRE(PlacesOf(&on.cluster, on.job) == "w1:0 w2:0");
  on.Kill("w2");
  CHECK(on.cluster.Job(on.job).ranks(1).incarnation() == 2);
  // The task that ended holds nothing, and is no task to the scheduler any more.
  CHECK(PlacesOf(&on.cluster, on.job) == "w1:0 w2:0");
  CHECK(on.cluster.RunUntilEnded(on.job));
  CHECK(on.cluster.StateOf(on.job) == v1::JOB_STATE_SUCCEEDED);
}

TEST_CASE("a rank without a GPU waits for one, though there are slots") {
  OnGpus on({{"w1", 1, "h100"}, {"w2", 1, "h100"}, {"w3", 4, ""}, {"w4", 1, "t4"}});
  REQUIRE(PlacesOf(&on.cluster, on.job) == "w1:0 w2:0");
  // w2 starts anew, and finds no driver.
  on.cluster.AddWorker("w2", 1).report.set_no_gpu_reason("no driver");
  on.cluster.NodeSpeaks(on.cluster.node("w2"));
  CHECK(on.cluster.View(on.job).reason() ==
        "rank 1 waits: needs 1 GPU of model NVIDIA H100, 0 free: w1 gpu 0 (NVIDIA H100, 81559 "
        "MiB) busy with job 1, w4 gpu 0 (Tesla T4, 15360 MiB) is another model, w2 has none: no "
        "driver, w3 has none: no driver (libcuda.so.1); rank 1 lost its task: worker 3 (w2) was "
        "restarted");
  // And with its GPU again.
  on.cluster.AddWorker("w2", 1).AddGpu("NVIDIA H100", kH100);
  on.cluster.NodeSpeaks(on.cluster.node("w2"));
  CHECK(PlacesOf(&on.cluster, on.job) == "w1:0 w2:0");
  CHECK(on.cluster.RunUntilEnded(on.job));
}

TEST_CASE("a worker that comes back with fewer GPUs gets ranks for those that it has") {
  OnGpus on({{"w1", 2, "h100 h100"}});
  REQUIRE(PlacesOf(&on.cluster, on.job) == "w1:0 w1:1");
  on.cluster.AddWorker("w1", 1).AddGpu("NVIDIA H100", kH100);
  on.cluster.NodeSpeaks(on.cluster.node("w1"));
  CHECK(on.cluster.Job(on.job).ranks(0).gpu() == 0);
  CHECK(on.cluster.Job(on.job).ranks(1).node_id() == 0);
  CHECK_FALSE(on.cluster.Job(on.job).ranks(1).has_gpu());
}

TEST_CASE("who has which GPU outlives the scheduler") {
  OnGpus on;
  const uint64_t cpu = on.cluster.Submit(Spec(v1::DEVICE_KIND_CPU, 1));
  REQUIRE(on.cluster.Job(cpu).device() == v1::DEVICE_KIND_CPU);
  REQUIRE_OK(on.cluster.RestartScheduler());
  CHECK(PlacesOf(&on.cluster, on.job) == "w1:0 w2:0");
  on.cluster.Step();
  // w1 has one GPU and one slot left, w2 a GPU and no slot: nobody gets a GPU twice.
  const uint64_t other = on.cluster.Submit(Spec(v1::DEVICE_KIND_CUDA, 1));
  const std::string places = PlacesOf(&on.cluster, other);
  CHECK((places == "w1:1" || places == "w2:1"));
  const v1::Cluster described = on.cluster.core().DescribeCluster(on.cluster.now());
  for (const v1::NodeStatus& node : described.nodes()) {
    if (node.role() != v1::NODE_ROLE_WORKER) continue;
    REQUIRE(node.gpus_size() == 2);
    CHECK(node.gpus(0).job_id() == on.job);
    CHECK(node.gpus(1).job_id() == (places[1] == node.address()[1] ? other : 0));
  }
}

TEST_CASE("who waits is told when a restarted scheduler hears of the workers again") {
  FakeCluster cluster;
  AddHosts(&cluster, {{"w1", 1, ""}});
  const uint64_t job = cluster.Submit(Spec(v1::DEVICE_KIND_CUDA, 1));
  REQUIRE_OK(cluster.RestartScheduler());
  CHECK(cluster.View(job).reason() ==
        "needs 1 GPU, 0 free: no worker is live; needs 1 servers, 0 live");
  const uint64_t version = cluster.core().state_version();
  cluster.NodeSpeaks(cluster.node("w1"));
  CHECK(cluster.core().state_version() > version);
  CHECK(cluster.View(job).reason().find("w1 has none: no driver") != std::string::npos);
}

TEST_CASE("a task that is still there keeps its GPU, though its job has ended") {
  OnGpus on({{"w1", 2, "h100 h100"}});
  // w1 does not hear that its tasks are to stop.
  on.cluster.node("w1").alive = false;
  v1::CancelJobRequest cancel;
  cancel.set_job_id(on.job);
  REQUIRE_OK(on.cluster.core().Cancel(cancel, on.cluster.now()));
  const uint64_t next = on.cluster.Submit(Spec(v1::DEVICE_KIND_CUDA, 1));
  CHECK(on.cluster.View(next).reason().find(absl::StrCat("busy with job ", on.job)) !=
        std::string::npos);
  on.cluster.node("w1").alive = true;
  CHECK(on.cluster.RunUntil(next, v1::JOB_STATE_RUNNING));
}

TEST_CASE("a job of a journal without devices goes on without GPUs") {
  v1::JobRecord job;
  CHECK_FALSE(NeedsOfRank(job).gpu);
  job.mutable_spec()->mutable_resources()->set_device(v1::DEVICE_KIND_AUTO);
  CHECK_FALSE(NeedsOfRank(job).gpu);
  job.set_device(v1::DEVICE_KIND_CUDA);
  CHECK(NeedsOfRank(job).gpu);
}

}  // namespace
}  // namespace paceline::scheduler
