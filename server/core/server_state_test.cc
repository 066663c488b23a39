#include "server/core/server_state.h"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "common/refusal/refusal.h"
#include "common/status/status_matchers.h"
#include "server/core/job_testing.h"

namespace paceline::server {
namespace {

using testing::DenseTable;
using testing::kJob;
using testing::kNodeIncarnation;
using v1::ServerJobReport;

constexpr uint64_t kNode = 1;

v1::ServerJobOrder Serve(uint64_t timeline, uint64_t epoch) {
  v1::ServerJobOrder order =
      testing::ServeOrder({.policy = v1::POLICY_BSP}, 1, {DenseTable("a", 2, 1)});
  order.mutable_map()->set_timeline(timeline);
  order.mutable_map()->set_epoch(epoch);
  return order;
}

v1::ServerJobOrder CloseOrder() {
  v1::ServerJobOrder order;
  order.set_job_id(kJob);
  order.set_desired(v1::ServerJobOrder::CLOSE);
  return order;
}

std::vector<ServerCommand> Heed(ServerState& state, const v1::ServerJobOrder& order) {
  return state.Heed(order, kNode, kNodeIncarnation);
}

// Heeds a SERVE order and carries the opening out.
testing::OpenedJob OpenNow(ServerState& state, const v1::ServerJobOrder& order) {
  const std::vector<ServerCommand> commands = Heed(state, order);
  REQUIRE(commands.size() == 1);
  const OpenCommand& open = std::get<OpenCommand>(commands[0]);
  testing::OpenedJob opened = testing::OpenJob(open.order);
  REQUIRE(state.Opened(kJob, open.attempt, opened.job));
  return opened;
}

TEST_CASE("a job is opened once, served, and closed") {
  ServerState state;
  const std::vector<ServerCommand> commands = Heed(state, Serve(1, 1));
  REQUIRE(commands.size() == 1);
  const OpenCommand open = std::get<OpenCommand>(commands[0]);
  CHECK(Heed(state, Serve(1, 1)).empty());
  CHECK(state.Find(kJob) == nullptr);
  REQUIRE(state.Reports().size() == 1);
  CHECK(state.Reports()[0].state() == ServerJobReport::OPENING);
  CHECK(state.Reports()[0].progress().empty());
  CHECK(state.Wanted(kJob, open.attempt));

  const testing::OpenedJob opened = testing::OpenJob(open.order);
  REQUIRE(state.Opened(kJob, open.attempt, opened.job));
  CHECK(state.Find(kJob) == opened.job);
  const ServerJobReport report = state.Reports()[0];
  CHECK(report.state() == ServerJobReport::SERVING);
  CHECK(report.timeline() == 1);
  CHECK(report.progress_size() == 1);
  CHECK(Heed(state, Serve(1, 1)).empty());

  const std::vector<ServerCommand> closing = Heed(state, CloseOrder());
  REQUIRE(closing.size() == 1);
  CHECK(std::get<CloseCommand>(closing[0]).job == opened.job);
  CHECK(state.Find(kJob) == nullptr);
  CHECK(state.Reports().empty());
  CHECK(Heed(state, CloseOrder()).empty());
}

TEST_CASE("a job that is closed while it opens is dropped") {
  ServerState state;
  const OpenCommand open = std::get<OpenCommand>(Heed(state, Serve(1, 1))[0]);
  CHECK(Heed(state, CloseOrder()).empty());
  CHECK_FALSE(state.Wanted(kJob, open.attempt));
  CHECK_FALSE(state.Opened(kJob, open.attempt, testing::OpenJob(open.order).job));
  CHECK(state.Reports().empty());
}

TEST_CASE("a job that cannot be opened stays failed with its cause") {
  ServerState state;
  const OpenCommand open = std::get<OpenCommand>(Heed(state, Serve(1, 1))[0]);
  REQUIRE(state.Opened(kJob, open.attempt, absl::ResourceExhaustedError("no memory")));
  CHECK(state.Reports()[0].state() == ServerJobReport::FAILED);
  CHECK(state.Reports()[0].error() == "no memory");
  CHECK(Heed(state, Serve(1, 1)).empty());
  CHECK(Heed(state, CloseOrder()).empty());
  CHECK(state.Reports().empty());
}

TEST_CASE("a newer epoch is adopted, an older one overtaken") {
  ServerState state;
  const testing::OpenedJob opened = OpenNow(state, Serve(1, 1));
  CHECK(Heed(state, Serve(1, 3)).empty());
  CHECK(state.Find(kJob) == opened.job);
  CHECK(state.Reports()[0].epoch() == 3);
  CHECK(Heed(state, Serve(1, 2)).empty());
  CHECK(state.Reports()[0].epoch() == 3);
  CHECK(RefusalKindOf(opened.job->OpenRank(testing::Context(0, 1, 0)).status()) ==
        v1::Refusal::STALE_EPOCH);
}

TEST_CASE("an epoch that moves while a job opens is the one it serves") {
  ServerState state;
  const OpenCommand open = std::get<OpenCommand>(Heed(state, Serve(1, 1))[0]);
  CHECK(Heed(state, Serve(1, 2)).empty());
  const testing::OpenedJob opened = testing::OpenJob(open.order);
  REQUIRE(state.Opened(kJob, open.attempt, opened.job));
  CHECK(state.Reports()[0].epoch() == 2);
}

TEST_CASE("a newer timeline closes the old world and opens anew") {
  ServerState state;
  const testing::OpenedJob opened = OpenNow(state, Serve(1, 1));
  const std::vector<ServerCommand> commands = Heed(state, Serve(2, 2));
  REQUIRE(commands.size() == 2);
  CHECK(std::get<CloseCommand>(commands[0]).job == opened.job);
  CHECK(std::get<OpenCommand>(commands[1]).order.map().timeline() == 2);
  CHECK(state.Find(kJob) == nullptr);
  CHECK(Heed(state, Serve(1, 9)).empty());
}

TEST_CASE("rows do not move within a timeline") {
  ServerState state;
  const testing::OpenedJob opened = OpenNow(state, Serve(1, 1));
  v1::ServerJobOrder moved = Serve(1, 2);
  moved.mutable_map()->mutable_servers(0)->set_node_id(9);
  const std::vector<ServerCommand> commands = Heed(state, moved);
  REQUIRE(commands.size() == 1);
  CHECK(std::get<CloseCommand>(commands[0]).job == opened.job);
  CHECK(state.Reports()[0].state() == ServerJobReport::FAILED);
}

TEST_CASE("a cut is ordered once, and reported when done") {
  ServerState state;
  v1::ServerJobOrder order = Serve(1, 1);
  const testing::OpenedJob opened = OpenNow(state, order);
  order.mutable_cut()->set_cut_id(4);
  order.mutable_cut()->set_dir("/cuts/4");
  const std::vector<ServerCommand> commands = Heed(state, order);
  REQUIRE(commands.size() == 1);
  const CutCommand cut = std::get<CutCommand>(commands[0]);
  CHECK(cut.job == opened.job);
  CHECK(cut.cut.dir() == "/cuts/4");
  CHECK(Heed(state, order).empty());
  CHECK(state.Reports()[0].cut().cut_id() == 4);
  CHECK_FALSE(state.Reports()[0].cut().done());
  v1::CutReport report;
  report.set_cut_id(3);
  report.set_done(true);
  state.CutDone(*opened.job, report);
  CHECK_FALSE(state.Reports()[0].cut().done());
  report.set_cut_id(4);
  state.CutDone(*opened.job, report);
  CHECK(state.Reports()[0].cut().done());
}

TEST_CASE("shutting down takes everything") {
  ServerState state;
  const testing::OpenedJob opened = OpenNow(state, Serve(1, 1));
  const std::vector<std::shared_ptr<ServerJob>> jobs = state.TakeAll();
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0] == opened.job);
  CHECK(state.Reports().empty());
}

}  // namespace
}  // namespace paceline::server
