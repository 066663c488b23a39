// `pacectl bench` against a scheduler that answers from a script.
#include "cli/bench.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "cli/fake_scheduler.h"
#include "cli/pacectl.h"
#include "cli/scheduler_client.h"
#include "cli/test_environment.h"

namespace paceline::cli {
namespace {

using Catch::Contains;

int Run(TestEnvironment& test, const FakeScheduler& scheduler,
        const std::vector<std::string>& arguments) {
  const std::string address = scheduler.address();
  std::vector<const char*> argv = {"pacectl", "--address", address.c_str(), "bench"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return RunPacectl(static_cast<int>(argv.size()), argv.data(), test.env);
}

v1::Job Running(double iterations) {
  v1::Job job;
  job.set_state(v1::JOB_STATE_RUNNING);
  job.set_iterations_done(static_cast<uint64_t>(iterations));
  v1::RunSummary* summary = job.mutable_summary();
  summary->set_state("running");
  summary->set_iterations(iterations);
  summary->set_bytes_pushed(1000 * iterations);
  summary->set_bytes_pulled(1000 * iterations);
  return job;
}

// What two streams of a job that goes on say of it: its start, then its steps.
void AddJob(std::vector<FakeScheduler::Stream>* streams) {
  streams->push_back({.updates = {Running(0), Running(3)}, .hangs = true});
  streams->push_back({.updates = {Running(10), Running(20), Running(30)}, .hangs = true});
}

v1::Cluster ClusterOf(uint32_t slots, uint32_t used, int servers) {
  v1::Cluster cluster;
  v1::NodeStatus* worker = cluster.add_nodes();
  worker->set_role(v1::NODE_ROLE_WORKER);
  worker->set_live(true);
  worker->set_slots(slots);
  worker->set_slots_used(used);
  // A node that is lost, and one that is about to leave, are not counted.
  *cluster.add_nodes() = *worker;
  cluster.mutable_nodes(1)->set_live(false);
  *cluster.add_nodes() = *worker;
  cluster.mutable_nodes(2)->set_draining(true);
  for (int i = 0; i < servers; ++i) {
    v1::NodeStatus* server = cluster.add_nodes();
    server->set_role(v1::NODE_ROLE_SERVER);
    server->set_live(true);
  }
  return cluster;
}

TEST_CASE("bench measures a job of its own and cancels it") {
  FakeScheduler scheduler;
  TestEnvironment test;
  std::vector<FakeScheduler::Stream> streams;
  AddJob(&streams);
  scheduler.Script(streams);
  CHECK(Run(test, scheduler,
            {"--workers", "2", "--servers", "3", "--policy", "ssp", "--size", "6MiB", "--seconds",
             "1", "-o", "json"}) == 0);
  const auto json = nlohmann::json::parse(test.out.str());
  CHECK(json["ranks"] == 2);
  CHECK(json["servers"] == 3);
  REQUIRE(json["results"].size() == 1);
  const auto& result = json["results"][0];
  CHECK(result["policy"] == "ssp");
  CHECK(result["size_bytes"] == 6 << 20);
  const double steps = result["steps_per_second"];
  CHECK(steps > 0);
  // 1,000 bytes an iteration, of which the two ranks make one each in a step.
  CHECK(result["pushed_bytes_per_second"].get<double>() == Approx(2000 * steps));

  REQUIRE(scheduler.submitted().size() == 1);
  const v1::JobSpec spec = scheduler.submitted()[0];
  CHECK(spec.resources().device() == v1::DEVICE_KIND_EMULATED);
  CHECK(spec.resources().workers() == 2);
  CHECK(spec.resources().servers() == 3);
  CHECK(spec.consistency().policy() == v1::POLICY_SSP);
  CHECK(spec.train().emulated_step_ms() == 0);
  // Leaves no cut.
  CHECK(spec.checkpoint().every_iterations() == 0);
  CHECK(spec.checkpoint().every_seconds() == 0);
  CHECK(
      std::vector<uint64_t>(spec.model().layer_sizes().begin(), spec.model().layer_sizes().end()) ==
      std::vector<uint64_t>{786432, 786432});
  REQUIRE(scheduler.cancelled().size() == 1);
  CHECK(scheduler.cancelled()[0].job_id() == 1);
}

TEST_CASE("without sizes of its own, bench takes all of the cluster that is free") {
  FakeScheduler scheduler;
  scheduler.SetCluster(ClusterOf(/*slots=*/8, /*used=*/3, /*servers=*/2));
  TestEnvironment test;
  std::vector<FakeScheduler::Stream> streams;
  for (int job = 0; job < 2; ++job) AddJob(&streams);
  scheduler.Script(streams);
  CHECK(Run(test, scheduler, {"--policy", "bsp,asp", "--size", "9MiB", "--seconds", "1"}) == 0);
  CHECK_THAT(test.out.str(), Contains("ranks: 5 (device emulated), servers: 2;"));
  CHECK_THAT(test.out.str(), Contains("POLICY") && Contains("bsp") && Contains("asp"));
  CHECK_THAT(test.out.str(), Contains("9 MiB"));
  REQUIRE(scheduler.submitted().size() == 2);
  CHECK(scheduler.submitted()[1].consistency().policy() == v1::POLICY_ASP);
  // Layers of a shard's size.
  CHECK(scheduler.submitted()[1].model().layer_sizes_size() == 3);
  CHECK(scheduler.submitted()[1].model().layer_sizes(2) == 262144);
  CHECK(scheduler.cancelled().size() == 2);
}

TEST_CASE("bench says what a cluster lacks, and submits nothing") {
  FakeScheduler scheduler;
  TestEnvironment test;
  SECTION("slots") {
    scheduler.SetCluster(ClusterOf(4, 4, 2));
    CHECK(Run(test, scheduler, {}) == 3);
    CHECK_THAT(test.err.str(), Contains("no free slot on a live worker: 4 of 4 in use"));
  }
  SECTION("servers") {
    scheduler.SetCluster(ClusterOf(4, 0, 0));
    CHECK(Run(test, scheduler, {}) == 3);
    CHECK_THAT(test.err.str(), Contains("no live server"));
  }
  SECTION("sense in the command line") {
    CHECK(Run(test, scheduler, {"--policy", "bsp,psb"}) == 2);
    CHECK(Run(test, scheduler, {"--size", "10"}) == 2);
    CHECK(Run(test, scheduler, {"--size", "17GiB"}) == 2);
    CHECK(Run(test, scheduler, {"--seconds", "0"}) == 2);
    CHECK(Run(test, scheduler, {"--workers", "2000"}) == 2);
  }
  CHECK(scheduler.submitted().empty());
}

TEST_CASE("Ctrl-C ends bench and its job") {
  FakeScheduler scheduler;
  TestEnvironment test;
  std::thread user([&] {
    while (scheduler.watches() == 0) std::this_thread::yield();
    test.interrupt.Request();
  });
  CHECK(Run(test, scheduler, {"--workers", "1", "--servers", "1"}) == 130);
  user.join();
  CHECK(scheduler.submitted().size() == 1);
  REQUIRE(scheduler.cancelled().size() == 1);
  CHECK(scheduler.cancelled()[0].job_id() == 1);
}

TEST_CASE("a job that fails ends bench with its reason") {
  FakeScheduler scheduler;
  TestEnvironment test;
  v1::Job failed;
  failed.set_state(v1::JOB_STATE_FAILED);
  failed.set_reason("rank 0: killed by SIGKILL");
  failed.mutable_summary()->set_state("failed");
  scheduler.Script({{.updates = {Running(0), failed}}});
  CHECK(Run(test, scheduler, {"--workers", "1", "--servers", "1"}) == 1);
  CHECK_THAT(test.err.str(), Contains("job 1 is failed: rank 0: killed by SIGKILL"));
}

TEST_CASE("too few steps are no rate") {
  FakeScheduler scheduler;
  TestEnvironment test;
  scheduler.Script({{.updates = {Running(3)}, .hangs = true},
                    {.updates = {Running(3), Running(4), Running(4)}, .hangs = true}});
  CHECK(Run(test, scheduler, {"--workers", "1", "--servers", "1", "--seconds", "1"}) == 1);
  CHECK_THAT(test.err.str(), Contains("too few steps within 1s") && Contains("--seconds"));
  CHECK(scheduler.cancelled().size() == 1);
}

TEST_CASE("a job that does not start is cancelled, and what it waits for is said") {
  FakeScheduler scheduler;
  TestEnvironment test;
  v1::Job pending = Running(0);
  pending.set_state(v1::JOB_STATE_PENDING);
  pending.set_reason("needs 9 workers, 1 free");
  scheduler.Script({{.updates = {pending}, .hangs = true}});
  SchedulerClient client(
      scheduler.address(),
      grpc::CreateChannel(scheduler.address(), grpc::InsecureChannelCredentials()),
      &test.interrupt);
  BenchOptions options;
  options.workers = 9;
  options.servers = 1;
  options.start_limit = absl::Milliseconds(300);
  const auto code = Bench(options, OutputFormat::kTable, client, test.env);
  CHECK(absl::IsDeadlineExceeded(code.status()));
  CHECK_THAT(std::string(code.status().message()),
             Contains("no steps within 300ms: needs 9 workers, 1 free"));
  CHECK(scheduler.cancelled().size() == 1);
}

}  // namespace
}  // namespace paceline::cli
