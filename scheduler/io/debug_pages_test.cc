#include "scheduler/io/debug_pages.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace paceline::scheduler {
namespace {

using Json = nlohmann::json;

TEST_CASE("every rank is shown with where it is and what it waits for") {
  CHECK(Json::parse(TasksJson({})) == Json::parse(R"({"jobs": []})"));
  v1::Job job;
  job.set_job_id(7);
  job.mutable_spec()->set_name("digits");
  job.set_state(v1::JOB_STATE_RUNNING);
  v1::RankStatus* rank = job.add_ranks();
  rank->set_rank(3);
  rank->set_worker_address("w:1");
  rank->set_hostname("host\xff");
  rank->set_wait_reason("rank 1 is at iteration 3");
  rank->set_step_seconds(0.5);
  rank->set_cpu_user_seconds(2);
  rank->set_cpu_system_seconds(1);
  const Json page = Json::parse(TasksJson({job}));
  CHECK(page["jobs"][0]["job"] == 7);
  CHECK(page["jobs"][0]["name"] == "digits");
  CHECK(page["jobs"][0]["state"] == "running");
  const Json& task = page["jobs"][0]["tasks"][0];
  CHECK(task["rank"] == 3);
  CHECK(task["worker"] == "w:1");
  CHECK(task["waits"] == "rank 1 is at iteration 3");
  CHECK(task["step_seconds"] == 0.5);
  CHECK(task["cpu_seconds"] == 3);
}

TEST_CASE("every shard is shown with its table and its server") {
  JobShards job{.job_id = 7, .state = v1::JOB_STATE_RECOVERING, .map = {}};
  job.map.set_timeline(2);
  job.map.set_epoch(3);
  job.map.add_tables()->set_name("w");
  v1::ShardServer* server = job.map.add_servers();
  server->set_node_id(4);
  server->set_incarnation(5);
  server->set_address("s:1");
  job.map.add_shards();
  v1::ShardSpec* stray = job.map.add_shards();
  stray->set_shard(1);
  stray->set_table(8);
  stray->set_server(9);
  const Json page = Json::parse(ShardsJson({job, JobShards{.job_id = 8}}));
  CHECK(page["jobs"][0]["timeline"] == 2);
  CHECK(page["jobs"][0]["epoch"] == 3);
  CHECK(page["jobs"][0]["shards"][0] ==
        Json::parse(R"({"shard": 0, "table": "w", "server": "s:1", "node": 4, "incarnation": 5})"));
  CHECK(page["jobs"][0]["shards"][1] == Json::parse(R"({"shard": 1})"));
  CHECK(page["jobs"][1]["shards"].empty());
}

}  // namespace
}  // namespace paceline::scheduler
