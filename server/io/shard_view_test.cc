#include "server/io/shard_view.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/core/job_testing.h"

namespace paceline::server {
namespace {

TEST_CASE("shards as a page, with what went through them and how fast") {
  const v1::ServerJobOrder order =
      testing::ServeOrder({.policy = v1::POLICY_BSP}, 2, {testing::DenseTable("a", 2, 1)});
  const testing::OpenedJob opened = testing::OpenJob(order);
  ServerState state;
  ShardWatch watch(&state);
  CHECK(nlohmann::json::parse(DebugShardsJson(watch.Look(absl::Seconds(1)))) ==
        nlohmann::json::parse(R"({"shards":[]})"));
  const std::vector<ServerCommand> commands = state.Heed(order, 1, testing::kNodeIncarnation);
  REQUIRE(state.Opened(testing::kJob, std::get<OpenCommand>(commands.at(0)).attempt, opened.job));
  watch.Look(absl::Seconds(2));

  for (const uint32_t rank : {0, 1}) {
    REQUIRE(opened.job->OpenRank(testing::Context(rank, 1, 0)).ok());
  }
  absl::Status pushed;
  const testing::Frame frame = testing::Frame(0, 1, 0).Dense(0, 2, {1, 2});
  opened.job->Push(frame.header(), frame.payload(), [&](auto done) { pushed = done.status(); });
  REQUIRE(pushed.ok());
  // Read for iteration 0; that for iteration 1 waits for the other rank.
  for (const uint64_t t : {0, 1}) {
    opened.job->Pull(testing::DensePull(1, 1, t, {0}), Payload(), [](auto) {});
  }

  const nlohmann::json page = nlohmann::json::parse(DebugShardsJson(watch.Look(absl::Seconds(4))));
  REQUIRE(page["shards"].size() == 1);
  const nlohmann::json& shard = page["shards"][0];
  CHECK(shard["job"] == testing::kJob);
  CHECK(shard["state"] == "serving");
  CHECK(shard["table"] == "a");
  CHECK(shard["rows"] == 2);
  CHECK(shard["bytes"] > 0);
  CHECK(shard["progress"] == std::vector<uint64_t>{1, 0});
  CHECK(shard["pushes"] == 1);
  CHECK(shard["pushed_bytes"] == 8);
  CHECK(shard["pulls"] == 1);
  CHECK(shard["pulled_bytes"] == 8);
  CHECK(shard["parked_pulls"] == 1);
  // Two in two seconds.
  CHECK(shard["heat_per_second"] == Approx(1));
}

}  // namespace
}  // namespace paceline::server
