// A whole cluster in this process, over loopback, with the real daemons: what the
// pieces do together, without the cost of processes.
#include "tests/harness/harness.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/random.h"
#include "common/rpc/channel.h"
#include "common/status/status_matchers.h"
#include "proto/health.grpc.pb.h"

namespace paceline {
namespace {

// A separable two-class problem in two features, as libsvm.
std::string WriteBlobs(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/blobs.libsvm");
  std::ofstream out(path);
  for (uint64_t i = 0; i < 300; ++i) {
    const int label = static_cast<int>(i % 2);
    const float shift = label == 1 ? 1.5f : -1.5f;
    out << label << " 1:" << shift + RandomNormal(1, 0, 2 * i)
        << " 2:" << shift + RandomNormal(1, 0, 2 * i + 1) << "\n";
  }
  return path;
}

v1::JobSpec Logistic(const std::string& data, v1::Policy policy, uint32_t workers,
                     uint32_t servers) {
  v1::JobSpec spec;
  spec.set_name("blobs");
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LOGISTIC);
  spec.mutable_data()->mutable_train()->set_path(data);
  spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_LIBSVM);
  *spec.mutable_data()->mutable_eval() = spec.data().train();
  spec.mutable_train()->set_global_batch(32);
  spec.mutable_train()->set_epochs(5);
  spec.mutable_train()->set_eval_every_iterations(10);
  spec.mutable_train()->mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_SGD);
  spec.mutable_train()->mutable_optimizer()->set_learning_rate(0.5);
  spec.mutable_consistency()->set_policy(policy);
  spec.mutable_resources()->set_workers(workers);
  spec.mutable_resources()->set_servers(servers);
  return spec;
}

TEST_CASE("counting ends exactly under every policy") {
  Harness harness(/*servers=*/2, /*workers=*/2, /*slots=*/2);
  std::string sha256;
  for (const v1::Policy policy : {v1::POLICY_BSP, v1::POLICY_SSP, v1::POLICY_ASP}) {
    const v1::Job job = harness.Run(Counting(policy, 4, 2, 30));
    INFO(job.ShortDebugString());
    REQUIRE(job.state() == v1::JOB_STATE_SUCCEEDED);
    CHECK(job.summary().iterations() == 120);
    CHECK(job.summary().ranks() == 4);
    CHECK(job.summary().restarts() == 0);
    // Sums do not depend on the policy.
    if (!sha256.empty()) CHECK(job.summary().parameters_sha256() == sha256);
    sha256 = job.summary().parameters_sha256();
    CHECK(sha256.size() == 64);
  }
}

TEST_CASE("a model learns, is evaluated on the way, and bsp ends with the same bytes") {
  Harness harness(/*servers=*/3, /*workers=*/2);
  const std::string data = WriteBlobs(harness.folder());
  const v1::Job one = harness.Run(Logistic(data, v1::POLICY_BSP, 2, 1));
  INFO(one.ShortDebugString());
  REQUIRE(one.state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(one.summary().eval().accuracy() > 0.95);
  CHECK(one.summary().samples() == 5 * 300);
  CHECK(one.evals_size() >= 4);
  const v1::Job three = harness.Run(Logistic(data, v1::POLICY_BSP, 2, 3));
  CHECK(three.summary().parameters_sha256() == one.summary().parameters_sha256());
  for (const v1::Policy policy : {v1::POLICY_SSP, v1::POLICY_ASP}) {
    const v1::Job job = harness.Run(Logistic(data, policy, 2, 2));
    INFO(job.ShortDebugString());
    REQUIRE(job.state() == v1::JOB_STATE_SUCCEEDED);
    CHECK(job.summary().eval().accuracy() > 0.95);
    CHECK(job.summary().samples() == 5 * 300);
  }
}

TEST_CASE("jobs wait for slots in order, with a reason, and cancel leaves others alone") {
  Harness harness(/*servers=*/1, /*workers=*/1);
  const uint64_t endless = harness.Submit(Counting(v1::POLICY_ASP, 1, 1, 1'000'000'000));
  harness.AwaitUpdate(endless, [](const v1::Job& job) {
    return job.state() == v1::JOB_STATE_RUNNING && job.iterations_done() > 0;
  });
  const uint64_t next = harness.Submit(Counting(v1::POLICY_BSP, 1, 1, 5));
  const v1::Job waiting =
      harness.AwaitUpdate(next, [](const v1::Job& job) { return !job.reason().empty(); });
  CHECK(waiting.state() == v1::JOB_STATE_PENDING);
  CHECK(harness.Cancel(endless).state() == v1::JOB_STATE_CANCELLED);
  CHECK(harness.Await(next).state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(harness.Get(endless).state() == v1::JOB_STATE_CANCELLED);
}

TEST_CASE("training goes on through a restart of the scheduler") {
  Harness harness(/*servers=*/2, /*workers=*/2);
  const uint64_t job_id = harness.Submit(Counting(v1::POLICY_BSP, 2, 2, 3000));
  harness.AwaitUpdate(job_id, [](const v1::Job& job) { return job.iterations_done() > 10; });
  REQUIRE_OK(harness.cluster().RestartScheduler());
  const v1::Job job = harness.Await(job_id);
  INFO(job.ShortDebugString());
  CHECK(job.state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(job.summary().iterations() == 6000);
  CHECK(job.summary().restarts() == 0);
}

TEST_CASE("every daemon answers health checks") {
  Harness harness(/*servers=*/2, /*workers=*/1);
  // By then all are known.
  CHECK(harness.Run(Counting(v1::POLICY_BSP, 1, 2, 5)).state() == v1::JOB_STATE_SUCCEEDED);
  const std::vector<std::string> addresses = harness.Addresses();
  CHECK(addresses.size() == 4);
  for (const std::string& address : addresses) {
    INFO(address);
    const auto stub = grpc::health::v1::Health::NewStub(
        MakeChannel(address, grpc::InsecureChannelCredentials(), {}));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    grpc::health::v1::HealthCheckResponse response;
    CHECK(stub->Check(&context, {}, &response).ok());
    CHECK(response.status() == grpc::health::v1::HealthCheckResponse::SERVING);
  }
}

TEST_CASE("a job whose data are missing fails and names the file") {
  Harness harness(/*servers=*/1, /*workers=*/1);
  const std::string path = absl::StrCat(harness.folder(), "/absent.libsvm");
  const v1::Job job = harness.Run(Logistic(path, v1::POLICY_BSP, 1, 1));
  CHECK(job.state() == v1::JOB_STATE_FAILED);
  CHECK(job.reason().find("absent.libsvm") != std::string::npos);
}

}  // namespace
}  // namespace paceline
