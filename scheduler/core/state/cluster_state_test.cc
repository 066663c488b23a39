#include "scheduler/core/state/cluster_state.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "google/protobuf/text_format.h"
#include "scheduler/core/state/job_event.h"

namespace paceline::scheduler {
namespace {

v1::Update Parse(const std::string& text) {
  v1::Update update;
  REQUIRE(google::protobuf::TextFormat::ParseFromString(text, &update));
  return update;
}

// A cluster with server 1, lost worker 2, job 1 running with two ranks, job 2 ended,
// job 3 pending.
ClusterState SomeState() {
  ClusterState state;
  for (const char* text : {
           "cluster_created { cluster_id: 'c' }",
           "generation_started { generation: 3 start_nonce: 9 }",
           "node_registered { node_id: 1 incarnation: 2 role: NODE_ROLE_SERVER address: 's' }",
           "node_registered { node_id: 2 incarnation: 1 role: NODE_ROLE_WORKER address: 'w' }",
           "node_lost { node_id: 2 incarnation: 1 }",
           "job_submitted { job_id: 1 request_id: 'r' spec { resources { workers: 2 }"
           " train { global_batch: 8 epochs: 1 } consistency { policy: POLICY_SSP } } }",
           "tasks_assigned { job_id: 1 tasks { rank: 0 node_id: 2 incarnation: 1 }"
           " tasks { rank: 1 node_id: 2 incarnation: 1 } }",
           "job_state_changed { job_id: 1 state: JOB_STATE_PLACING }",
           "facts_recorded { job_id: 1 facts { records: 100 } }",
           "shards_placed { job_id: 1 map { timeline: 1 epoch: 1 } }",
           "job_state_changed { job_id: 1 state: JOB_STATE_RUNNING }",
           "job_submitted { job_id: 2 }",
           "job_ended { job_id: 2 state: JOB_STATE_FAILED reason: 'because' }",
           "job_submitted { job_id: 3 }",
       }) {
    REQUIRE_OK(state.Apply(Parse(text)));
  }
  return state;
}

TEST_CASE("updates that do not follow are refused and change nothing") {
  struct Case {
    std::string update;
    absl::StatusCode code;
    std::string message;
  };
  const auto invalid = absl::StatusCode::kInvalidArgument;
  const auto failed = absl::StatusCode::kFailedPrecondition;
  const auto missing = absl::StatusCode::kNotFound;
  const std::vector<Case> cases = {
      {"", invalid, "without a kind"},
      {"cluster_created { cluster_id: 'd' }", failed, "exists already"},
      {"generation_started { generation: 3 }", invalid, "greater than 3"},
      {"node_registered { node_id: 4 incarnation: 1 }", invalid, "next new node is 3"},
      {"node_registered { node_id: 3 role: NODE_ROLE_SERVER address: 's' }", failed,
       "another node has the address s"},
      {"node_registered { node_id: 1 incarnation: 1 role: NODE_ROLE_SERVER address: 's' }", failed,
       "incarnation 2 at s cannot become 1 at s"},
      {"node_registered { node_id: 1 incarnation: 3 role: NODE_ROLE_SERVER address: 't' }", failed,
       "at t"},
      {"node_lost { node_id: 7 }", missing, "node 7"},
      {"node_lost { node_id: 1 incarnation: 1 }", failed, "incarnation 1 cannot be lost"},
      {"node_lost { node_id: 2 incarnation: 1 }", failed, "is lost"},
      {"node_forgotten { node_id: 1 }", failed, "not lost"},
      {"node_forgotten { node_id: 7 }", missing, "node 7"},
      {"job_submitted { job_id: 5 }", invalid, "next new job is 4"},
      {"job_submitted { job_id: 4 request_id: 'r' }", failed, "request_id r is used"},
      {"job_forgotten { job_id: 1 }", failed, "is running and cannot be forgotten"},
      {"job_forgotten { job_id: 7 }", missing, "job 7"},
      {"job_state_changed { job_id: 7 state: JOB_STATE_PLACING }", missing, "job 7"},
      {"job_state_changed { job_id: 1 state: JOB_STATE_PENDING }", failed, "cannot become pending"},
      {"job_state_changed { job_id: 1 state: JOB_STATE_FAILED }", failed, "only JobEnded"},
      {"tasks_assigned { job_id: 1 tasks { rank: 5 incarnation: 2 } }", missing, "rank 5 of 2"},
      {"tasks_assigned { job_id: 1 tasks { rank: 1 incarnation: 3 } }", invalid,
       "incarnation 2 required, got 3"},
      {"tasks_assigned { job_id: 2 }", failed, "has ended"},
      {"facts_recorded { job_id: 1 facts {} }", failed, "recorded already"},
      {"facts_recorded { job_id: 2 facts {} }", failed, "has ended"},
      {"shards_placed { job_id: 1 map { timeline: 1 epoch: 1 } }", failed, "cannot become"},
      {"shards_placed { job_id: 1 map { timeline: 0 epoch: 2 } }", failed, "cannot become"},
      {"shards_placed { job_id: 2 map { timeline: 1 epoch: 1 } }", failed, "has ended"},
      {"grants_made { job_id: 1 rank: 2 }", missing, "rank 2 of 2"},
      {"grants_made { job_id: 1 grants { number: 1 count: 4 } }", invalid, "grant 0"},
      {"grants_made { job_id: 1 grants { count: 101 } }", invalid, "required, got"},
      {"grants_made { job_id: 1 grants { first: 4 count: 4 } }", invalid, "position 0"},
      {"grants_made { job_id: 2 }", failed, "has ended"},
      {"cut_ordered { job_id: 1 cut_id: 2 }", invalid, "cut 1 required, got 2"},
      {"cut_ordered { job_id: 2 cut_id: 1 }", failed, "has ended"},
      {"cut_committed { job_id: 1 cut_id: 1 }", failed, "cut 0 required, got 1"},
      {"parameters_hashed { job_id: 1 cut_id: 1 }", failed, "cut 0 required"},
      {"final_eval_done { job_id: 2 }", failed, "has ended"},
      {"task_exited { job_id: 1 rank: 9 }", missing, "rank 9 of 2"},
      {"rank_moved { job_id: 1 task { rank: 9 } }", missing, "rank 9 of 2"},
      {"rank_moved { job_id: 1 task { rank: 0 incarnation: 1 } }", failed,
       "incarnation 2 required, got 1"},
      {"rank_moved { job_id: 2 }", failed, "has ended"},
      {"task_exited { job_id: 2 }", failed, "has ended"},
      {"task_exited { job_id: 1 rank: 0 incarnation: 2 }", failed, "incarnation 1 required, got 2"},
      {"cancel_requested { job_id: 2 }", failed, "has ended"},
      {"job_ended { job_id: 1 state: JOB_STATE_RUNNING }", failed, "must name a state that ends"},
      {"job_ended { job_id: 2 state: JOB_STATE_CANCELLED }", failed, "cannot become"},
      {"job_ended { job_id: 3 state: JOB_STATE_SUCCEEDED }", failed,
       "pending cannot become succeeded"},
  };
  ClusterState state = SomeState();
  const std::string before = state.Snapshot().SerializeAsString();
  for (const Case& c : cases) {
    INFO(c.update);
    CHECK_STATUS(state.Apply(Parse(c.update)), c.code, c.message);
    REQUIRE(state.Snapshot().SerializeAsString() == before);
  }
}

TEST_CASE("the first update creates the cluster, and nothing else may") {
  ClusterState state;
  CHECK_STATUS(state.Apply(Parse("generation_started { generation: 1 }")),
               absl::StatusCode::kFailedPrecondition, "must create the cluster");
  CHECK_STATUS(state.Apply(Parse("cluster_created {}")), absl::StatusCode::kInvalidArgument,
               "needs an id");
  CHECK(state.journal_index() == 0);
}

TEST_CASE("a cut is committed once and hashed after that") {
  ClusterState state = SomeState();
  REQUIRE_OK(state.Apply(Parse("cut_ordered { job_id: 1 cut_id: 1 dir: '/c/1' }")));
  CHECK_STATUS(state.Apply(Parse("parameters_hashed { job_id: 1 cut_id: 1 }")),
               absl::StatusCode::kFailedPrecondition, "not committed");
  REQUIRE_OK(state.Apply(Parse("cut_committed { job_id: 1 cut_id: 1 }")));
  CHECK_STATUS(state.Apply(Parse("cut_committed { job_id: 1 cut_id: 1 }")),
               absl::StatusCode::kFailedPrecondition, "committed already");
  REQUIRE_OK(state.Apply(Parse("parameters_hashed { job_id: 1 cut_id: 1 sha256: 'x' }")));
  CHECK(state.FindJob(1)->cut().parameters_sha256() == "x");
  CHECK(state.FindJob(1)->committed_cut_id() == 1);
}

TEST_CASE("there is room for recovery: new incarnations of ranks and timelines") {
  ClusterState state = SomeState();
  REQUIRE_OK(state.Apply(Parse("job_state_changed { job_id: 1 state: JOB_STATE_RECOVERING }")));
  REQUIRE_OK(state.Apply(
      Parse("tasks_assigned { job_id: 1 tasks { rank: 1 node_id: 2 incarnation: 2 } }")));
  REQUIRE_OK(state.Apply(
      Parse("shards_placed { job_id: 1 map { timeline: 2 epoch: 2 } restore_cut: 1 }")));
  REQUIRE_OK(state.Apply(Parse("job_state_changed { job_id: 1 state: JOB_STATE_RUNNING }")));
  const v1::JobRecord& job = *state.FindJob(1);
  CHECK(job.restarts() == 1);
  CHECK(job.rollbacks() == 1);
  CHECK(job.ranks(0).incarnation() == 1);
  CHECK(job.ranks(1).incarnation() == 2);
  CHECK(job.restore_cut() == 1);
}

TEST_CASE("a snapshot holds the whole state") {
  const ClusterState state = SomeState();
  REQUIRE_OK_AND_ASSIGN(const ClusterState copy, ClusterState::FromSnapshot(state.Snapshot()));
  CHECK(copy.Snapshot().SerializeAsString() == state.Snapshot().SerializeAsString());
  CHECK(copy.journal_index() == 14);
  REQUIRE(copy.generations().size() == state.generations().size());
  CHECK(copy.active_jobs() == std::set<uint64_t>{1, 3});
  CHECK(copy.FindRequest("", "r")->job_id() == 1);
  CHECK(copy.FindRequest("", "") == nullptr);
  CHECK(copy.FindNode(v1::NODE_ROLE_SERVER, "s")->node_id() == 1);
  CHECK(copy.FindNode(v1::NODE_ROLE_WORKER, "s") == nullptr);
  CHECK(copy.next_node_id() == 3);
  CHECK(copy.next_job_id() == 4);
}

TEST_CASE("snapshots that cannot be") {
  v1::StateSnapshot snapshot = SomeState().Snapshot();
  absl::StatusCode code = absl::StatusCode::kDataLoss;
  std::string want;
  SECTION("a newer format") {
    snapshot.set_format_version(2);
    code = absl::StatusCode::kFailedPrecondition;
    want = "format version 2, this program reads 1 to 1";
  }
  SECTION("a node twice") {
    *snapshot.add_nodes() = snapshot.nodes(0);
    want = "node id 1 is repeated";
  }
  SECTION("a job beyond the counter") {
    snapshot.set_last_job_id(1);
    want = "job id 2 is repeated or not in 1..1";
  }
  CHECK_STATUS(ClusterState::FromSnapshot(snapshot), code, want);
}

TEST_CASE("only the newest events are kept") {
  ClusterState state = SomeState();
  for (int i = 0; i < 2 * kMaxJobEvents; ++i) {
    REQUIRE_OK(
        state.Apply(Parse("cancel_requested { job_id: 1 reason: 'c" + std::to_string(i) + "' }")));
  }
  const v1::JobRecord& job = *state.FindJob(1);
  REQUIRE(job.events_size() == kMaxJobEvents);
  CHECK(job.events(kMaxJobEvents - 1).message() == "c199");
}

}  // namespace
}  // namespace paceline::scheduler
