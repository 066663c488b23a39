// The coordinator as people meet it: whose job it is, deletion to its end, limits.
#include "scheduler/io/coordinator.h"

#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "common/clock.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_node.h"
#include "scheduler/core/state/memory_journal.h"

namespace paceline::scheduler {
namespace {

const Identity kAlice = {.role = Role::kUser, .name = "alice"};
const Identity kBob = {.role = Role::kUser, .name = "bob"};
const Identity kViewer = {.role = Role::kViewer, .name = "wall"};

struct TestBench {
  MemoryJournal journal;
  MemoryFileSystem fs;
  RealClock clock;
  HeldCuts cuts{{.fs = &fs, .data_dir = "/data", .open_peer = nullptr}};
  LimitsFile limits{&fs, "/etc/limits.yaml"};

  absl::StatusOr<std::unique_ptr<Coordinator>> Start(bool limited = false) {
    Coordinator::Options options;
    options.journal = &journal;
    options.clock = &clock;
    options.cuts = &cuts;
    options.limits = limited ? &limits : nullptr;
    options.core.plan.data_dir = "/data";
    options.core.new_cluster_id = "c1";
    return Coordinator::Start(std::move(options));
  }
};

v1::SubmitJobRequest Request(const std::string& request_id = "") {
  v1::SubmitJobRequest request;
  request.set_request_id(request_id);
  *request.mutable_spec() = CountingSpec(1, 1, v1::POLICY_BSP);
  return request;
}

absl::Status Delete(Coordinator* coordinator, uint64_t job_id, const Identity& caller) {
  v1::DeleteJobRequest request;
  request.set_job_id(job_id);
  std::promise<absl::Status> done;
  coordinator->DeleteJob(request, caller,
                         [&](const auto& result) { done.set_value(result.status()); });
  return done.get_future().get();
}

class NoWatcher final : public JobWatcher {
 public:
  bool Ready() override { return false; }
  void Offer(const v1::Job&, bool) override {}
  void End(const absl::Status&) override {}
};

TEST_CASE("what is somebody else's is denied, call by call") {
  TestBench bench;
  REQUIRE_OK_AND_ASSIGN(const auto coordinator, bench.Start());
  REQUIRE_OK_AND_ASSIGN(const v1::SubmitJobResponse hers,
                        coordinator->SubmitJob(Request("r"), kAlice));
  REQUIRE_OK_AND_ASSIGN(const v1::SubmitJobResponse his,
                        coordinator->SubmitJob(Request("r"), kBob));
  CHECK(hers.job_id() != his.job_id());
  const auto denied = absl::StatusCode::kPermissionDenied;
  v1::GetJobRequest get;
  get.set_job_id(hers.job_id());
  CHECK_STATUS(coordinator->GetJob(get, kBob), denied, "user bob may not see job 1 of alice");
  CHECK_OK(coordinator->GetJob(get, kAlice));
  CHECK_OK(coordinator->GetJob(get, kViewer));
  CHECK_OK(coordinator->GetJob(get, Identity()));
  REQUIRE_OK_AND_ASSIGN(const v1::ListJobsResponse list,
                        coordinator->ListJobs(v1::ListJobsRequest(), kBob));
  REQUIRE(list.jobs_size() == 1);
  CHECK(list.jobs(0).owner() == "bob");
  CHECK_STATUS(coordinator->WatchJob(hers.job_id(), kBob, std::make_shared<NoWatcher>()), denied,
               "job 1 of alice");
  CHECK_STATUS(coordinator->FindCut(hers.job_id(), 0, kBob), denied, "job 1 of alice");
  CHECK_STATUS(coordinator->FindCut(hers.job_id(), 0, kAlice), absl::StatusCode::kNotFound,
               "no committed cut");
  v1::CancelJobRequest cancel;
  cancel.set_job_id(hers.job_id());
  CHECK_STATUS(coordinator->CancelJob(cancel, kBob), denied, "may not change job 1 of alice");
  v1::CheckpointJobRequest checkpoint;
  checkpoint.set_job_id(hers.job_id());
  CHECK_STATUS(coordinator->CheckpointJob(checkpoint, kBob), denied, "may not change job 1");
  CHECK_STATUS(Delete(coordinator.get(), hers.job_id(), kBob), denied, "may not change job 1");
  CHECK_STATUS(coordinator->DrainNode(v1::DrainNodeRequest(), kBob), denied, "drain nodes");
  CHECK_STATUS(coordinator->Snapshot(kBob), denied, "back the state up");
  CHECK_STATUS(coordinator->SubmitJob(Request(), kViewer), denied, "may not submit");
}

TEST_CASE("deletion is answered when the files are gone, and holds over a start") {
  TestBench bench;
  REQUIRE_OK_AND_ASSIGN(auto coordinator, bench.Start());
  REQUIRE_OK_AND_ASSIGN(const v1::SubmitJobResponse job, coordinator->SubmitJob(Request(), kAlice));
  REQUIRE(job.job_id() == 1);
  CHECK_STATUS(Delete(coordinator.get(), 1, kAlice), absl::StatusCode::kFailedPrecondition,
               "job 1 is pending; cancel it first");
  v1::CancelJobRequest cancel;
  cancel.set_job_id(1);
  REQUIRE_OK(coordinator->CancelJob(cancel, kAlice));
  REQUIRE_OK(bench.fs.CreateDirs("/data/jobs/1/00000001"));
  REQUIRE_OK(WriteFileDurably(bench.fs, "/data/jobs/1/00000001/manifest.json", "{}"));
  REQUIRE_OK(Delete(coordinator.get(), 1, kAlice));
  CHECK_FALSE(bench.fs.Exists("/data/jobs/1"));
  CHECK_STATUS(Delete(coordinator.get(), 1, kAlice), absl::StatusCode::kNotFound, "job 1");
  coordinator->Shutdown();
  REQUIRE_OK_AND_ASSIGN(coordinator, bench.Start());
  v1::GetJobRequest get;
  get.set_job_id(1);
  CHECK_STATUS(coordinator->GetJob(get, kAlice), absl::StatusCode::kNotFound, "job 1");
}

TEST_CASE("limits are read at the start; a file that is wrong ends it") {
  TestBench bench;
  REQUIRE_OK(bench.fs.CreateDirs("/etc"));
  REQUIRE_OK(WriteFileDurably(bench.fs, "/etc/limits.yaml", "defaults: {max_job: 1}"));
  CHECK_STATUS(bench.Start(/*limited=*/true), absl::StatusCode::kInvalidArgument,
               "/etc/limits.yaml:1: unknown key max_job");
  REQUIRE_OK(bench.fs.Remove("/etc/limits.yaml"));
  REQUIRE_OK(WriteFileDurably(bench.fs, "/etc/limits.yaml", "defaults: {max_active_jobs: 1}"));
  REQUIRE_OK_AND_ASSIGN(const auto coordinator, bench.Start(/*limited=*/true));
  CHECK_OK(coordinator->SubmitJob(Request(), kAlice));
  CHECK_STATUS(coordinator->SubmitJob(Request(), kAlice), absl::StatusCode::kResourceExhausted,
               "max_active_jobs of alice is 1 (/etc/limits.yaml)");
  CHECK_OK(coordinator->SubmitJob(Request(), kBob));
}

}  // namespace
}  // namespace paceline::scheduler
