// Cuts of a job with checkpoint.replicas: who is given which files, when such a cut is
// committed, and what servers are told to remove.
#include "scheduler/core/stored_cuts/holders.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"

namespace paceline::scheduler {
namespace {

// A job of 1000 rounds on the first two of three servers, with a cut every 50.
struct Replicated {
  FakeCluster cluster;
  uint64_t job = 0;

  explicit Replicated(uint32_t replicas) {
    cluster.records = 10000;
    AddSmallCluster(&cluster);
    cluster.AddServer("s3");
    v1::JobSpec spec = RecordsSpec(2, 2, v1::POLICY_BSP, 10, 1);
    spec.mutable_checkpoint()->set_every_iterations(50);
    spec.mutable_checkpoint()->set_keep(2);
    spec.mutable_checkpoint()->set_replicas(replicas);
    job = cluster.Submit(spec);
    REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
    REQUIRE(record().map().servers_size() == 2);
  }
  const v1::JobRecord& record() const { return cluster.Job(job); }
  // Steps until a cut of at least this id is committed; false after many.
  bool Committed(uint64_t cut_id) {
    for (int i = 0; i < 500; ++i) {
      if (record().committed_cut_id() >= cut_id) return true;
      cluster.Step();
    }
    return false;
  }
  // Addresses of those who hold each file of the newest manifest.
  std::vector<std::vector<std::string>> Holders() const {
    const v1::CutManifest& manifest = cluster.manifests.at(record().cuts().rbegin()->dir());
    std::vector<std::vector<std::string>> all;
    for (const v1::CutFile& file : manifest.files()) {
      std::vector<std::string>& holders = all.emplace_back();
      for (const uint32_t server : file.holders()) {
        holders.push_back(manifest.servers(static_cast<int>(server)));
      }
    }
    return all;
  }
  std::string Events(const std::string& kind) {
    std::string text;
    for (const v1::JobEvent& event : record().events()) {
      if (event.kind() == kind) text += event.message() + "|";
    }
    return text;
  }
};

std::vector<uint64_t> HeldIds(const FakeNode& node) {
  std::vector<uint64_t> ids;
  for (const v1::HeldCut& held : node.report.held_cuts()) ids.push_back(held.cut_id());
  return ids;
}

TEST_CASE("a file is held by who wrote it and by the next servers of the job") {
  Replicated t(2);
  REQUIRE(t.Committed(1));
  for (const auto& holders : t.Holders()) {
    REQUIRE(holders.size() == 2);
    CHECK(holders[0] != holders[1]);
    CHECK(holders[1] != "s3");
  }
  CHECK(t.record().cuts(0).dir().rfind("cuts/", 0) == 0);
  CHECK(t.record().cuts(0).holders_size() == 2);
  CHECK_THAT(t.Events("CUT_COMMITTED"), Catch::EndsWith("on 2 servers|"));
}

TEST_CASE("where the job has too few servers, others hold copies") {
  Replicated t(3);
  REQUIRE(t.Committed(1));
  for (const auto& holders : t.Holders()) CHECK(holders.size() == 3);
  CHECK(HeldIds(t.cluster.node("s3")) == std::vector<uint64_t>{1});
}

TEST_CASE("one replica: the servers keep what they write") {
  Replicated t(1);
  REQUIRE(t.Committed(1));
  for (const auto& holders : t.Holders()) CHECK(holders.size() == 1);
  CHECK(HeldIds(t.cluster.node("s3")).empty());
}

TEST_CASE("a cut is committed when the last holder is done") {
  Replicated t(2);
  t.cluster.node("s2").hold_cut = [](v1::HeldCut* held) { held->set_done(false); };
  for (int i = 0; i < 200; ++i) t.cluster.Step();
  CHECK(t.record().committed_cut_id() == 0);
  REQUIRE(IsSealed(t.record().cut()));
  // Also by a scheduler that was restarted meanwhile.
  REQUIRE_OK(t.cluster.RestartScheduler());
  for (int i = 0; i < 5; ++i) t.cluster.Step();
  CHECK(t.record().committed_cut_id() == 0);
  t.cluster.node("s2").report.mutable_held_cuts(0)->set_done(true);
  REQUIRE(t.Committed(1));
  CHECK(t.record().committed_cut_id() == 1);
}

TEST_CASE("a holder that cannot fails the cut, and the next one is tried") {
  Replicated t(2);
  bool failing = true;
  t.cluster.node("s2").hold_cut = [&](v1::HeldCut* held) {
    if (!failing) return;
    held->set_done(false);
    held->set_error("the disk is full");
  };
  for (int i = 0; i < 100; ++i) t.cluster.Step();
  CHECK(t.record().committed_cut_id() == 0);
  CHECK_THAT(t.Events("CUT_FAILED"), Catch::Contains("(s2): the disk is full"));
  failing = false;
  CHECK(t.Committed(1));
}

TEST_CASE("a holder that dies fails the cut; the next has fewer copies, and says so") {
  Replicated t(3);
  t.cluster.node("s3").hold_cut = [](v1::HeldCut* held) { held->set_done(false); };
  for (int i = 0; i < 80 && !IsSealed(t.record().cut()); ++i) t.cluster.Step();
  REQUIRE(IsSealed(t.record().cut()));
  t.cluster.node("s3").alive = false;
  REQUIRE(t.Committed(1));
  CHECK_THAT(t.Events("CUT_FAILED"), Catch::Contains("a holder of the cut is gone"));
  CHECK_THAT(t.Events("CUT_COMMITTED"),
             Catch::Contains("on 2 servers: 3 copies of each file are wanted"));
  CHECK(t.record().rollbacks() == 0);
}

TEST_CASE("cuts that are kept no more are removed, also from a server that was away") {
  Replicated t(3);
  REQUIRE(t.Committed(1));
  t.cluster.node("s3").alive = false;
  REQUIRE(t.Committed(t.record().last_cut_id() + 4));
  CHECK(HeldIds(t.cluster.node("s3")) == std::vector<uint64_t>{1});
  t.cluster.node("s3").alive = true;
  REQUIRE(t.Committed(t.record().last_cut_id() + 1));
  t.cluster.Step();
  for (const char* name : {"s1", "s2", "s3"}) {
    for (const uint64_t id : HeldIds(t.cluster.node(name))) {
      INFO(name << " holds cut " << id);
      CHECK(id > t.record().committed_cut_id() - 2);
    }
  }
}

}  // namespace
}  // namespace paceline::scheduler
