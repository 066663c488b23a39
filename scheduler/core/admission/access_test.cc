#include "scheduler/core/admission/access.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/security/identity.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/scheduler_core.h"

namespace paceline::scheduler {
namespace {

const Identity kAlice = {.role = Role::kUser, .name = "alice"};
const Identity kBob = {.role = Role::kUser, .name = "bob"};
const Identity kAdmin = {.role = Role::kAdmin, .name = "root"};
const Identity kViewer = {.role = Role::kViewer, .name = "wall"};
const Identity kWorker = {.role = Role::kWorker, .name = "alice"};

v1::SubmitJobRequest Request(const std::string& request_id = "", const std::string& cut = "") {
  v1::SubmitJobRequest request;
  request.set_request_id(request_id);
  *request.mutable_spec() = CountingSpec(1, 1, v1::POLICY_BSP);
  request.mutable_spec()->mutable_start()->set_cut(cut);
  if (cut.empty()) request.mutable_spec()->clear_start();
  return request;
}

TEST_CASE("who may see and change a job") {
  v1::JobRecord job;
  job.set_job_id(7);
  job.set_owner("alice");
  struct Case {
    Identity caller;
    bool sees;
    bool changes;
    bool submits;
  };
  const std::vector<Case> cases = {{kAlice, true, true, true},
                                   {kBob, false, false, true},
                                   {kAdmin, true, true, true},
                                   {kViewer, true, false, false},
                                   // The name alone is not enough.
                                   {kWorker, false, false, false},
                                   {{.role = Role::kServer, .name = "s"}, false, false, false},
                                   // A cluster without certificates.
                                   {Identity(), true, true, true}};
  for (const Case& one : cases) {
    INFO(IdentityText(one.caller));
    CHECK(MaySee(one.caller, job) == one.sees);
    CHECK(CheckSee(one.caller, job).ok() == one.sees);
    CHECK(CheckChange(one.caller, job).ok() == one.changes);
    CHECK(CheckSubmit(one.caller).ok() == one.submits);
  }
  CHECK_STATUS(CheckSee(kBob, job), absl::StatusCode::kPermissionDenied,
               "user bob may not see job 7 of alice");
  CHECK_STATUS(CheckChange(kViewer, job), absl::StatusCode::kPermissionDenied,
               "viewer wall may not change job 7 of alice");
  CHECK_OK(CheckAdmin(kAdmin, "drain nodes"));
  CHECK_STATUS(CheckAdmin(kAlice, "drain nodes"), absl::StatusCode::kPermissionDenied,
               "user alice may not drain nodes");
  // What was submitted before there were names is nobody's own.
  job.clear_owner();
  CHECK_FALSE(MaySee(kAlice, job));
  CHECK_FALSE(MaySee({.role = Role::kUser, .name = ""}, job));
}

TEST_CASE("the core lets users see, change and list their own jobs only") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  SchedulerCore& core = cluster.core();
  const Moment now = cluster.now();
  REQUIRE_OK_AND_ASSIGN(const uint64_t hers, core.Submit(Request(), {}, now, kAlice));
  REQUIRE_OK_AND_ASSIGN(const uint64_t his, core.Submit(Request(), {}, now, kBob));
  REQUIRE_OK_AND_ASSIGN(const v1::Job job, core.GetJob(hers, now, kAlice));
  CHECK(job.owner() == "alice");
  const auto denied = absl::StatusCode::kPermissionDenied;
  CHECK_STATUS(core.GetJob(hers, now, kBob), denied, "job 1 of alice");
  v1::CancelJobRequest cancel;
  cancel.set_job_id(hers);
  CHECK_STATUS(core.Cancel(cancel, now, kBob), denied, "may not change job 1");
  CHECK_STATUS(core.Cancel(cancel, now, kViewer), denied, "may not change job 1");
  v1::CheckpointJobRequest checkpoint;
  checkpoint.set_job_id(hers);
  CHECK_STATUS(core.Checkpoint(checkpoint, now, kBob), denied, "may not change job 1");
  CHECK_STATUS(core.Delete(hers, now, kBob), denied, "may not change job 1");
  CHECK_STATUS(core.Submit(Request(), {}, now, kViewer), denied, "may not submit");
  v1::DrainNodeRequest drain;
  drain.set_node_id(1);
  CHECK_STATUS(core.DrainNode(drain, now, kAlice), denied, "may not drain");
  // One that never was is nobody's.
  CHECK_STATUS(core.GetJob(99, now, kBob), absl::StatusCode::kNotFound, "job 99");

  const auto list = [&](const Identity& caller, const std::string& owner) {
    v1::ListJobsRequest request;
    request.set_owner(owner);
    std::vector<uint64_t> ids;
    const v1::ListJobsResponse listed = core.ListJobs(request, now, caller);
    for (const v1::Job& one : listed.jobs()) ids.push_back(one.job_id());
    return ids;
  };
  CHECK(list(kAlice, "") == std::vector<uint64_t>{hers});
  CHECK(list(kAlice, "bob").empty());
  CHECK(list(kViewer, "") == std::vector<uint64_t>{hers, his});
  CHECK(list(kAdmin, "bob") == std::vector<uint64_t>{his});
  CHECK_OK(core.Cancel(cancel, now, kAlice));
}

TEST_CASE("a request id is its owner's") {
  FakeCluster cluster;
  SchedulerCore& core = cluster.core();
  const Moment now = cluster.now();
  REQUIRE_OK_AND_ASSIGN(const uint64_t hers, core.Submit(Request("r"), {}, now, kAlice));
  REQUIRE_OK_AND_ASSIGN(const uint64_t his, core.Submit(Request("r"), {}, now, kBob));
  CHECK(hers != his);
  REQUIRE_OK_AND_ASSIGN(const uint64_t again, core.Submit(Request("r"), {}, now, kAlice));
  CHECK(again == hers);
  // Also after a start, from the journal and from a snapshot.
  REQUIRE_OK(cluster.RestartScheduler());
  REQUIRE_OK_AND_ASSIGN(const uint64_t after, cluster.core().Submit(Request("r"), {}, now, kBob));
  CHECK(after == his);
  REQUIRE_OK_AND_ASSIGN(const ClusterState copy,
                        ClusterState::FromSnapshot(cluster.core().state().Snapshot()));
  CHECK(copy.FindRequest("alice", "r")->job_id() == hers);
  CHECK(copy.FindRequest("", "r") == nullptr);
}

TEST_CASE("who may not see a job does not start from its cuts, by whatever name") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  REQUIRE_OK_AND_ASSIGN(const uint64_t hers,
                        cluster.core().Submit(Request(), {}, cluster.now(), kAlice));
  REQUIRE(cluster.RunUntilEnded(hers));
  SchedulerCore& core = cluster.core();
  REQUIRE(core.state().FindJob(hers)->cuts_size() == 1);
  const std::string dir = core.state().FindJob(hers)->cuts(0).dir();
  const auto denied = absl::StatusCode::kPermissionDenied;
  const std::vector<std::string> names = {"1", "1@1", dir, "/data/jobs/../jobs/1/00000001",
                                          dir + "/"};
  for (const std::string& cut : names) {
    INFO(cut);
    CHECK_STATUS(core.StartCutOf(Request("", cut), kBob), denied, "may not see job 1 of alice");
    CHECK_STATUS(core.Submit(Request("", cut), {}, cluster.now(), kBob), denied, "job 1 of alice");
  }
  CHECK_OK(core.StartCutOf(Request("", "1"), kAlice));
  CHECK_OK(core.StartCutOf(Request("", "1"), kAdmin));
  v1::SubmitJobRequest weights = Request();
  weights.mutable_spec()->mutable_start()->set_weights(dir + "/shard.safetensors");
  CHECK_STATUS(core.StartCutOf(weights, kBob), denied, "job 1 of alice");
  // A folder beside it is another one.
  CHECK_OK(core.StartCutOf(Request("", "/data/jobs/10/00000001"), kBob));
}

}  // namespace
}  // namespace paceline::scheduler
