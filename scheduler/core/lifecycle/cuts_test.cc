// Cuts of jobs that train: when they are taken, and what becomes of those that fail.
#include "scheduler/core/lifecycle/cuts.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

// A job of 1000 rounds, one per step; its servers write cuts as `write` says.
struct Training {
  FakeCluster cluster;
  uint64_t job = 0;
  // Rounds of the cuts that were ordered, in order.
  std::vector<uint64_t> rounds;
  std::function<void(v1::CutReport*)> write = [](v1::CutReport*) {};

  explicit Training(const std::function<void(v1::JobSpec*)>& change,
                    v1::Policy policy = v1::POLICY_BSP) {
    cluster.records = 10000;
    AddSmallCluster(&cluster);
    for (const char* name : {"s1", "s2"}) {
      const bool first = name == std::string("s1");
      cluster.node(name).write_cut = [this, name, first](const v1::ServerJobOrder& order,
                                                         v1::CutReport* cut) {
        if (first) rounds.push_back(order.cut().round());
        for (const v1::ShardSpec& shard : order.map().shards()) {
          if (order.map().servers(static_cast<int>(shard.server())).address() != name) continue;
          cut->add_files()->set_shard(shard.shard());
        }
        if (first) write(cut);
      };
    }
    v1::JobSpec spec = RecordsSpec(2, 2, policy, 10, 1);
    change(&spec);
    job = cluster.Submit(spec);
    REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  }
  void Steps(int count) {
    for (int i = 0; i < count; ++i) cluster.Step();
  }
  v1::Job View() { return cluster.View(job); }
  std::string Events(const std::string& kind) {
    std::string text;
    const v1::Job view = View();
    for (const v1::JobEvent& event : view.events()) {
      if (event.kind() == kind) text += event.message() + "|";
    }
    return text;
  }
  uint64_t Checkpoint() {
    v1::CheckpointJobRequest request;
    request.set_job_id(job);
    REQUIRE_OK_AND_ASSIGN(const auto response, cluster.core().Checkpoint(request, cluster.now()));
    return response.cut_id();
  }
};

TEST_CASE("bsp: cuts are armed for multiples of every_iterations, and so many are kept") {
  Training t([](v1::JobSpec* spec) {
    spec->mutable_checkpoint()->set_every_iterations(50);
    spec->mutable_checkpoint()->set_keep(2);
  });
  t.Steps(300);
  REQUIRE(t.rounds.size() > 2);
  for (const uint64_t round : t.rounds) CHECK(round % 50 == 0);
  CHECK(t.rounds[0] == 50);
  const v1::Job view = t.View();
  REQUIRE(view.cuts_size() == 2);
  CHECK(view.cuts(1).cut_id() == view.last_cut());
  CHECK(view.cuts(0).cut_id() == view.last_cut() - 1);
  CHECK(view.cut_alarm().empty());
}

TEST_CASE("bsp: a round that had passed is missed in silence, the next is further ahead") {
  Training t([](v1::JobSpec*) {});
  int misses = 3;
  t.write = [&](v1::CutReport* cut) {
    if (misses-- <= 0) return;
    cut->set_done(false);
    cut->set_missed(true);
    cut->set_error("round has passed");
  };
  const uint64_t wanted = t.Checkpoint();
  t.Steps(8);
  REQUIRE(t.rounds.size() == 4);
  CHECK(t.rounds[3] - t.rounds[0] >= 126);
  CHECK(t.View().last_cut() >= wanted);
  CHECK(t.View().cut_alarm().empty());
  CHECK(t.Events("CUT_FAILED").empty());
  // All is forgotten after a success, and nothing more is wanted.
  t.Steps(20);
  CHECK(t.rounds.size() == 4);
}

TEST_CASE("a cut on demand takes the place of one that is armed far ahead") {
  Training t([](v1::JobSpec* spec) { spec->mutable_checkpoint()->set_every_iterations(900); });
  // The far one is not reached: nobody reports it done.
  bool reached = false;
  t.write = [&](v1::CutReport* cut) { cut->set_done(reached); };
  t.Steps(3);
  REQUIRE(t.rounds == std::vector<uint64_t>{900});
  reached = true;
  const uint64_t wanted = t.Checkpoint();
  CHECK(wanted == 2);
  t.Steps(3);
  REQUIRE(t.rounds.size() >= 2);
  CHECK(t.rounds[1] < 50);
  CHECK(t.View().last_cut() >= wanted);
}

TEST_CASE("ssp and asp: a cut is ordered when its time or its iteration has come") {
  const bool seconds = GENERATE(true, false);
  const auto policy = GENERATE(v1::POLICY_SSP, v1::POLICY_ASP);
  Training t(
      [&](v1::JobSpec* spec) {
        if (seconds) {
          spec->mutable_checkpoint()->set_every_seconds(20);
        } else {
          spec->mutable_checkpoint()->set_every_iterations(20);
        }
      },
      policy);
  t.Steps(70);
  INFO(t.View().ShortDebugString());
  CHECK(t.rounds.size() >= 2);
  CHECK(t.rounds.size() <= 4);
  for (const uint64_t round : t.rounds) CHECK(round == 0);
}

TEST_CASE("faults row 16: a disk that is full costs that cut, nothing else") {
  Training t([](v1::JobSpec* spec) { spec->mutable_checkpoint()->set_every_iterations(10); });
  t.Steps(30);
  const uint64_t good = t.View().last_cut();
  REQUIRE(good > 0);
  t.write = [](v1::CutReport* cut) {
    cut->set_done(false);
    cut->clear_files();
    cut->set_error("no space left on device");
  };
  const size_t before = t.rounds.size();
  t.Steps(50);
  CHECK(t.cluster.StateOf(t.job) == v1::JOB_STATE_RUNNING);
  CHECK(t.View().last_cut() == good);
  CHECK(t.View().cut_alarm() == "server 1 (s1): no space left on device");
  CHECK(t.Events("CUT_FAILED").find("no space left") != std::string::npos);
  // Tried every ten seconds, not all the time.
  CHECK(t.rounds.size() - before <= 6);
  t.write = [](v1::CutReport*) {};
  t.Steps(15);
  CHECK(t.View().last_cut() > good);
  CHECK(t.View().cut_alarm().empty());
}

TEST_CASE("a lost server takes the job back to the newest cut; a damaged one to that before") {
  Training t([](v1::JobSpec* spec) { spec->mutable_checkpoint()->set_every_iterations(10); });
  t.Steps(40);
  REQUIRE(t.View().cuts_size() == 3);
  const uint64_t newest = t.View().last_cut();
  const uint64_t before = t.View().cuts(1).cut_id();
  t.cluster.AddServer("s2");
  t.cluster.NodeSpeaks(t.cluster.node("s2"));
  REQUIRE(t.cluster.StateOf(t.job) == v1::JOB_STATE_RECOVERING);
  CHECK(t.cluster.Job(t.job).restore_cut() == newest);
  // The server finds it damaged.
  v1::ServerJobReport* report = nullptr;
  for (auto& held : *t.cluster.node("s2").report.mutable_jobs()) report = &held;
  REQUIRE(report != nullptr);
  report->set_state(v1::ServerJobReport::FAILED);
  report->set_error("shard-000003.safetensors: CRC32C of the block at byte 0");
  report->set_cut_damaged(true);
  t.cluster.NodeSpeaks(t.cluster.node("s2"));
  REQUIRE(t.cluster.StateOf(t.job) == v1::JOB_STATE_RECOVERING);
  CHECK(t.cluster.Job(t.job).restore_cut() == before);
  CHECK(t.Events("CUT_DAMAGED").find("shard-000003") != std::string::npos);
  CHECK(t.Events("SHARDS_PLACED").find(", from cut " + std::to_string(before)) !=
        std::string::npos);
  t.Steps(4);
  CHECK(t.cluster.StateOf(t.job) == v1::JOB_STATE_RUNNING);
}

// What is left behind is sent whole in the last of every 300 rounds, and in the last of all.
void Flush(v1::JobSpec* spec) {
  spec->mutable_compression()->set_push(v1::CODEC_TOPK);
  spec->mutable_checkpoint()->set_every_iterations(300);
}

TEST_CASE("bsp with topk: a cut on demand is that of the next round with nothing left behind") {
  Training t(Flush);
  // The round is not reached: nobody reports it done.
  t.write = [](v1::CutReport* cut) { cut->set_done(false); };
  t.Steps(3);
  t.Checkpoint();
  t.Steps(3);
  CHECK(t.rounds == std::vector<uint64_t>{300});
}

TEST_CASE("bsp with topk: every cut is of a round after which nothing is left behind") {
  Training t(Flush);
  for (int step = 0; step < 960; ++step) {
    t.cluster.Step();
    if (step % 50 == 49) t.Checkpoint();
  }
  REQUIRE(t.rounds.size() > 10);
  for (const uint64_t round : t.rounds) {
    CAPTURE(round);
    CHECK((round % 300 == 0 || round == 1000));
  }
  CHECK(t.rounds.back() == 1000);
}

TEST_CASE("faults row 31, bsp with topk: a server that shuts down is left with such a cut") {
  Training t(Flush);
  t.Steps(5);
  t.cluster.node("s1").report.set_draining(true);
  t.Steps(6);
  INFO(t.View().ShortDebugString());
  REQUIRE(t.View().last_cut() > 0);
  for (const uint64_t round : t.rounds) CHECK(round == 300);
  CHECK(t.Events("RECOVERING") == "server 1 (s1) is shutting down|");
  CHECK(t.cluster.node("s1").report.jobs().empty());
}

TEST_CASE("a cut that cannot be read from here is waited for, and nothing is thrown away") {
  Training t([](v1::JobSpec* spec) { spec->mutable_checkpoint()->set_every_iterations(10); });
  t.Steps(40);
  const uint64_t newest = t.View().last_cut();
  t.cluster.AddServer("s2");
  t.cluster.NodeSpeaks(t.cluster.node("s2"));
  for (auto& held : *t.cluster.node("s2").report.mutable_jobs()) {
    held.set_state(v1::ServerJobReport::FAILED);
    held.set_error("manifest.json: not found");
  }
  t.cluster.NodeSpeaks(t.cluster.node("s2"));
  CHECK(t.View().reason().find("server 2 (s2): manifest.json: not found") == 0);
  t.Steps(5);
  CHECK(t.cluster.StateOf(t.job) == v1::JOB_STATE_RECOVERING);
  t.Steps(10);
  CHECK(t.cluster.StateOf(t.job) == v1::JOB_STATE_RUNNING);
  CHECK(t.cluster.Job(t.job).restore_cut() == newest);
}

TEST_CASE("faults row 31: a server that shuts down is left with a cut") {
  const auto policy = GENERATE(v1::POLICY_BSP, v1::POLICY_ASP);
  Training t([](v1::JobSpec*) {}, policy);
  t.Steps(5);
  t.cluster.node("s1").report.set_draining(true);
  t.Steps(6);
  INFO(t.View().ShortDebugString());
  REQUIRE(t.View().last_cut() > 0);
  CHECK(t.cluster.Job(t.job).restore_cut() == t.View().last_cut());
  CHECK(t.Events("RECOVERING") == "server 1 (s1) is shutting down|");
  CHECK(t.cluster.StateOf(t.job) == v1::JOB_STATE_RUNNING);
  CHECK(t.cluster.node("s1").report.jobs().empty());
  CHECK(t.cluster.Job(t.job).map().servers_size() == 1);
}

TEST_CASE("a cut can be asked for while a job trains") {
  FakeCluster cluster;
  v1::CheckpointJobRequest request;
  request.set_job_id(1);
  CHECK_STATUS(cluster.core().Checkpoint(request, cluster.now()), absl::StatusCode::kNotFound,
               "job 1 does not exist");
  cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP));
  CHECK_STATUS(cluster.core().Checkpoint(request, cluster.now()),
               absl::StatusCode::kFailedPrecondition, "job 1 is pending");
}

}  // namespace
}  // namespace paceline::scheduler
