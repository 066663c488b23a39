#include "scheduler/io/debug_pages.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/spec/enum_names.h"

namespace paceline::scheduler {
namespace {

using Json = nlohmann::ordered_json;

// What others say need not be UTF-8.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json TaskJson(const v1::RankStatus& rank) {
  return {{"rank", rank.rank()},
          {"incarnation", rank.incarnation()},
          {"node", rank.node_id()},
          {"worker", rank.worker_address()},
          {"host", rank.hostname()},
          {"pid", rank.pid()},
          {"iteration", rank.iteration()},
          {"finished", rank.finished()},
          {"waits", rank.wait_reason()},
          {"step_seconds", rank.step_seconds()},
          {"wait_seconds", rank.wait_seconds()},
          {"straggler_score", rank.straggler_score()},
          {"cpu_seconds", rank.cpu_user_seconds() + rank.cpu_system_seconds()},
          {"resident_bytes", rank.resident_bytes()}};
}

// A map comes from the journal of this scheduler, and yet a page never stops it.
Json ShardJson(const v1::ShardMap& map, const v1::ShardSpec& shard) {
  Json json = {{"shard", shard.shard()}};
  if (static_cast<int>(shard.table()) < map.tables_size()) {
    json["table"] = map.tables(static_cast<int>(shard.table())).name();
  }
  if (static_cast<int>(shard.server()) < map.servers_size()) {
    const v1::ShardServer& server = map.servers(static_cast<int>(shard.server()));
    json["server"] = server.address();
    json["node"] = server.node_id();
    json["incarnation"] = server.incarnation();
  }
  return json;
}

}  // namespace

std::string TasksJson(const std::vector<v1::Job>& jobs) {
  Json page = {{"jobs", Json::array()}};
  for (const v1::Job& job : jobs) {
    Json tasks = Json::array();
    for (const v1::RankStatus& rank : job.ranks()) tasks.push_back(TaskJson(rank));
    page["jobs"].push_back({{"job", job.job_id()},
                            {"name", job.spec().name()},
                            {"state", EnumWord(job.state())},
                            {"reason", job.reason()},
                            {"tasks", std::move(tasks)}});
  }
  return Dump(page);
}

std::string ShardsJson(const std::vector<JobShards>& jobs) {
  Json page = {{"jobs", Json::array()}};
  for (const JobShards& job : jobs) {
    Json shards = Json::array();
    for (const v1::ShardSpec& shard : job.map.shards()) {
      shards.push_back(ShardJson(job.map, shard));
    }
    page["jobs"].push_back({{"job", job.job_id},
                            {"state", EnumWord(job.state)},
                            {"timeline", job.map.timeline()},
                            {"epoch", job.map.epoch()},
                            {"shards", std::move(shards)}});
  }
  return Dump(page);
}

}  // namespace paceline::scheduler
