// A cluster in this process, as the tests of this folder use it. To be used from the
// test's own thread.
#ifndef PACELINE_TESTS_HARNESS_HARNESS_H_
#define PACELINE_TESTS_HARNESS_HARNESS_H_

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/local/in_process_cluster.h"
#include "common/clock.h"
#include "common/fs_posix.h"
#include "common/rpc/channel.h"
#include "common/rpc/fault_injector.h"
#include "common/status/status_matchers.h"
#include "proto/cluster.grpc.pb.h"

namespace paceline {

// A cluster in a folder of its own, and a client of its scheduler.
class Harness {
 public:
  explicit Harness(int servers, int workers, int slots = 1, const RpcFaultSpec& faults = {},
                   bool key_lists = true)
      : Harness(cli::InProcessCluster::Options{.servers = servers,
                                               .workers = workers,
                                               .slots = slots,
                                               .rpc_faults = faults,
                                               .key_lists = key_lists}) {}
  // With a folder, a file system and a clock of its own.
  explicit Harness(cli::InProcessCluster::Options options) {
    std::string pattern = std::filesystem::temp_directory_path() / "paceline-harness-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    options.folder = folder_;
    options.fs = &fs_;
    options.clock = &clock_;
    REQUIRE_OK_AND_ASSIGN(cluster_, cli::InProcessCluster::Start(options));
    stub_ = v1::Scheduler::NewStub(
        MakeChannel(cluster_->scheduler_address(), grpc::InsecureChannelCredentials(), {}));
  }
  ~Harness() {
    cluster_.reset();
    std::filesystem::remove_all(folder_);
  }

  const std::string& folder() const { return folder_; }
  cli::InProcessCluster& cluster() { return *cluster_; }

  uint64_t Submit(const v1::JobSpec& spec) {
    v1::SubmitJobRequest request;
    *request.mutable_spec() = spec;
    v1::SubmitJobResponse response;
    grpc::ClientContext context;
    WaitAtMost(std::chrono::seconds(20), &context);
    const grpc::Status status = stub_->SubmitJob(&context, request, &response);
    INFO(status.error_message());
    REQUIRE(status.ok());
    return response.job_id();
  }

  v1::Job Get(uint64_t job_id) {
    v1::GetJobRequest request;
    request.set_job_id(job_id);
    v1::Job job;
    grpc::ClientContext context;
    WaitAtMost(std::chrono::seconds(20), &context);
    const grpc::Status status = stub_->GetJob(&context, request, &job);
    INFO(status.error_message());
    REQUIRE(status.ok());
    return job;
  }

  // Watches until the job has ended.
  v1::Job Await(uint64_t job_id) {
    v1::Job job;
    const grpc::Status status = Watch(
        job_id, [](const v1::Job&) { return false; }, &job);
    INFO(status.error_message() << " " << job.ShortDebugString());
    REQUIRE(status.ok());
    return job;
  }

  // Of the scheduler and the nodes that it knows.
  std::vector<std::string> Addresses() {
    v1::Cluster cluster;
    grpc::ClientContext context;
    WaitAtMost(std::chrono::seconds(20), &context);
    REQUIRE(stub_->DescribeCluster(&context, v1::DescribeClusterRequest(), &cluster).ok());
    std::vector<std::string> addresses = {cluster_->scheduler_address()};
    for (const v1::NodeStatus& node : cluster.nodes()) addresses.push_back(node.address());
    return addresses;
  }

  v1::Job Run(const v1::JobSpec& spec) { return Await(Submit(spec)); }

  // Reads the first update in which `ready` holds.
  template <typename Ready>
  v1::Job AwaitUpdate(uint64_t job_id, const Ready& ready) {
    v1::Job job;
    bool found = false;
    const grpc::Status status = Watch(
        job_id, [&](const v1::Job& update) { return found = ready(update); }, &job);
    INFO(status.error_message() << " " << job.ShortDebugString());
    REQUIRE(found);
    return job;
  }

  v1::Job Cancel(uint64_t job_id) {
    v1::CancelJobRequest request;
    request.set_job_id(job_id);
    v1::Job job;
    grpc::ClientContext context;
    WaitAtMost(std::chrono::seconds(20), &context);
    REQUIRE(stub_->CancelJob(&context, request, &job).ok());
    return job;
  }

 private:
  // The scheduler may be on its way back.
  static void WaitAtMost(std::chrono::seconds time, grpc::ClientContext* context) {
    context->set_wait_for_ready(true);
    context->set_deadline(std::chrono::system_clock::now() + time);
  }

  // Reads updates into `job` up to one that is `enough`, or the end of the job. A stream that
  // breaks, as when the machine stands still for long, is begun anew.
  template <typename Enough>
  grpc::Status Watch(uint64_t job_id, const Enough& enough, v1::Job* job) {
    v1::WatchJobRequest request;
    request.set_job_id(job_id);
    const auto deadline = std::chrono::system_clock::now() + std::chrono::minutes(3);
    for (;;) {
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      context.set_deadline(deadline);
      const auto stream = stub_->WatchJob(&context, request);
      while (stream->Read(job)) {
        if (!enough(*job)) continue;
        context.TryCancel();
        stream->Finish();
        return grpc::Status::OK;
      }
      const grpc::Status status = stream->Finish();
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return status;
    }
  }

  PosixFileSystem fs_;
  RealClock clock_;
  std::string folder_;
  std::unique_ptr<cli::InProcessCluster> cluster_;
  std::unique_ptr<v1::Scheduler::Stub> stub_;
};

inline v1::JobSpec Counting(v1::Policy policy, uint32_t workers, uint32_t servers,
                            uint64_t iterations) {
  v1::JobSpec spec;
  spec.set_name("counting");
  spec.mutable_model()->set_kind(v1::MODEL_KIND_COUNTING);
  spec.mutable_train()->set_iterations(iterations);
  spec.mutable_consistency()->set_policy(policy);
  if (policy == v1::POLICY_SSP) spec.mutable_consistency()->set_staleness(2);
  spec.mutable_resources()->set_workers(workers);
  spec.mutable_resources()->set_servers(servers);
  return spec;
}

}  // namespace paceline

#endif  // PACELINE_TESTS_HARNESS_HARNESS_H_
