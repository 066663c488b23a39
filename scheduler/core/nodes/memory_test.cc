// Faults row 21: memory is counted before a job starts.
#include "scheduler/core/nodes/memory.h"

#include <catch2/catch.hpp>
#include <string>

#include "absl/status/status.h"
#include "common/status/status_matchers.h"
#include "proto/job.pb.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

// The table that fake tasks find: 16.4 MB of weights, no slots; 4 copies under BSP,
// else 2.
v1::JobSpec Counting(v1::Policy policy, uint32_t servers) {
  v1::JobSpec spec = CountingSpec(1, servers, policy);
  spec.mutable_model()->set_rows(1000);
  spec.mutable_model()->set_dim(4096);
  return spec;
}

// Servers of 50 MB each, and workers enough.
struct Limited {
  FakeCluster cluster;
  explicit Limited(int servers) {
    for (int i = 0; i < servers; ++i) AddServer("s" + std::to_string(i), 50'000'000);
    cluster.AddWorker("w", 8);
    cluster.Step();
  }
  void AddServer(const std::string& address, uint64_t limit) {
    FakeNode& server = cluster.AddServer(address);
    server.report.set_memory_limit(limit);
    cluster.NodeSpeaks(server);
  }
  absl::StatusOr<uint64_t> Submit(const v1::JobSpec& spec) {
    v1::SubmitJobRequest request;
    *request.mutable_spec() = spec;
    return cluster.TrySubmit(request);
  }
};

TEST_CASE("A job that fits on no server is refused at submission with the numbers") {
  Limited l(2);
  CHECK_STATUS(l.Submit(Counting(v1::POLICY_BSP, 1)), absl::StatusCode::kFailedPrecondition,
               "the job needs 65.5 MB of memory on each of 1 servers, not so many take more than "
               "50.0 MB (--memory-limit)");
  // Half as much each, or fewer copies.
  CHECK_OK(l.Submit(Counting(v1::POLICY_BSP, 2)).status());
  CHECK_OK(l.Submit(Counting(v1::POLICY_ASP, 1)).status());
  // With too few servers nobody knows yet.
  CHECK_OK(l.Submit(Counting(v1::POLICY_BSP, 3)).status());
}

TEST_CASE("What servers hold of every rank for pulls by delta is counted") {
  Limited l(2);
  const auto submit = [&](uint32_t ranks, v1::Codec pull) {
    v1::JobSpec spec = Counting(v1::POLICY_ASP, 1);
    spec.mutable_resources()->set_workers(ranks);
    spec.mutable_compression()->set_pull(pull);
    return l.Submit(spec).status();
  };
  CHECK_OK(submit(2, v1::CODEC_FLOAT32));
  // Two copies, and one for each rank.
  CHECK_OK(submit(1, v1::CODEC_DELTA));
  CHECK_STATUS(submit(2, v1::CODEC_DELTA), absl::StatusCode::kFailedPrecondition,
               "the job needs 65.5 MB of memory on each of 1 servers");
}

TEST_CASE("A job waits for memory that others hold, and says so") {
  Limited l(1);
  REQUIRE_OK_AND_ASSIGN(const uint64_t first, l.Submit(Counting(v1::POLICY_ASP, 1)));
  REQUIRE(l.cluster.RunUntil(first, v1::JOB_STATE_RUNNING));
  REQUIRE_OK_AND_ASSIGN(const uint64_t second, l.Submit(Counting(v1::POLICY_ASP, 1)));
  l.cluster.Step();
  CHECK(l.cluster.StateOf(second) == v1::JOB_STATE_PENDING);
  CHECK_THAT(l.cluster.View(second).reason(), Catch::Contains("free"));
  REQUIRE(l.cluster.RunUntilEnded(first));
  CHECK(l.cluster.RunUntil(second, v1::JOB_STATE_RUNNING));
}

TEST_CASE("The server with memory is taken, not the one with the fewest tables") {
  Limited l(0);
  l.AddServer("small", 1'000'000);
  l.AddServer("large", 100'000'000);
  REQUIRE_OK_AND_ASSIGN(const uint64_t job, l.Submit(Counting(v1::POLICY_BSP, 1)));
  REQUIRE(l.cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  CHECK(l.cluster.Job(job).map().servers(0).address() == "large");
}

TEST_CASE("A job whose tables turn out too large fails with the numbers") {
  Limited l(1);
  l.cluster.records = 1000;
  // The fake tasks find a table of the records' size.
  REQUIRE_OK_AND_ASSIGN(const uint64_t job, l.Submit(RecordsSpec(1, 1, v1::POLICY_BSP, 10, 1)));
  l.cluster.node("s0").report.set_memory_limit(10);
  l.cluster.NodeSpeaks(l.cluster.node("s0"));
  REQUIRE(l.cluster.RunUntilEnded(job));
  CHECK(l.cluster.StateOf(job) == v1::JOB_STATE_FAILED);
  CHECK_THAT(l.cluster.Job(job).reason(), Catch::Contains("--memory-limit"));
}

}  // namespace
}  // namespace paceline::scheduler
