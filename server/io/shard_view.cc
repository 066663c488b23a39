#include "server/io/shard_view.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"

namespace paceline::server {

std::vector<JobShards> ShardWatch::Look(absl::Duration now) {
  std::vector<JobShards> jobs;
  for (v1::ServerJobReport& report : state_->Reports()) {
    JobShards& job = jobs.emplace_back();
    const std::shared_ptr<ServerJob> serves = state_->Find(report.job_id());
    job.report = std::move(report);
    if (serves == nullptr) continue;
    for (const std::unique_ptr<Shard>& shard : serves->shards()) {
      job.shards.push_back({.shard = shard->spec().shard(),
                            .table = shard->table().name(),
                            .stats = shard->GetStats()});
    }
  }
  MutexLock lock(&mu_);
  for (JobShards& job : jobs) {
    for (ShardView& shard : job.shards) {
      const RateMeter::Key key = {job.report.job_id(), job.report.timeline(), shard.shard};
      heat_.Add(now, key, shard.stats.traffic.pushes + shard.stats.traffic.pulls);
      shard.heat = heat_.Rate(key);
    }
  }
  heat_.Forget(now);
  return jobs;
}

std::string DebugShardsJson(const std::vector<JobShards>& jobs) {
  nlohmann::json list = nlohmann::json::array();
  for (const JobShards& job : jobs) {
    const std::string state =
        absl::AsciiStrToLower(v1::ServerJobReport::State_Name(job.report.state()));
    for (const ShardView& shard : job.shards) {
      list.push_back({{"job", job.report.job_id()},
                      {"state", state},
                      {"timeline", job.report.timeline()},
                      {"epoch", job.report.epoch()},
                      {"table", shard.table},
                      {"shard", shard.shard},
                      {"rows", shard.stats.rows},
                      {"bytes", shard.stats.bytes},
                      {"progress", shard.stats.progress},
                      {"finished", shard.stats.finished},
                      {"pushes", shard.stats.traffic.pushes},
                      {"pulls", shard.stats.traffic.pulls},
                      {"pushed_bytes", shard.stats.traffic.pushed_bytes},
                      {"pulled_bytes", shard.stats.traffic.pulled_bytes},
                      {"parked_pulls", shard.stats.parked},
                      {"heat_per_second", shard.heat}});
    }
  }
  return nlohmann::json{{"shards", std::move(list)}}.dump(2);
}

}  // namespace paceline::server
