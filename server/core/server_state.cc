#include "server/core/server_state.h"

#include <tuple>
#include <utility>

namespace paceline::server {
namespace {

std::vector<uint32_t> ShardsHere(const v1::ShardMap& map, uint64_t node_id, uint64_t incarnation) {
  std::vector<uint32_t> shards;
  for (const v1::ShardSpec& shard : map.shards()) {
    if (shard.server() >= static_cast<uint32_t>(map.servers_size())) continue;
    const v1::ShardServer& server = map.servers(static_cast<int>(shard.server()));
    if (server.node_id() == node_id && server.incarnation() == incarnation) {
      shards.push_back(shard.shard());
    }
  }
  return shards;
}

}  // namespace

std::vector<ServerCommand> ServerState::Heed(const v1::ServerJobOrder& order, uint64_t node_id,
                                             uint64_t incarnation) {
  std::vector<ServerCommand> commands;
  MutexLock lock(&mu_);
  auto found = jobs_.find(order.job_id());
  if (order.desired() == v1::ServerJobOrder::CLOSE) {
    if (found == jobs_.end()) return commands;
    if (found->second.job != nullptr) commands.push_back(CloseCommand{found->second.job});
    jobs_.erase(found);
    return commands;
  }
  if (order.desired() != v1::ServerJobOrder::SERVE) return commands;

  const v1::ShardMap& map = order.map();
  std::vector<uint32_t> shards = ShardsHere(map, node_id, incarnation);
  if (found != jobs_.end()) {
    Held& held = found->second;
    if (std::tuple(map.timeline(), map.epoch()) < std::tuple(held.timeline, held.epoch)) {
      return commands;
    }
    if (map.timeline() == held.timeline && shards == held.shards) {
      // While it opens, Opened hands the epoch on.
      held.epoch = map.epoch();
      if (held.job == nullptr) return commands;
      held.job->SetEpoch(held.epoch);
      if (order.has_cut() && order.cut().cut_id() > held.cut_id) {
        held.cut_id = order.cut().cut_id();
        held.cut.Clear();
        held.cut.set_cut_id(held.cut_id);
        commands.push_back(CutCommand{held.job, order.cut()});
      }
      return commands;
    }
    if (held.job != nullptr) commands.push_back(CloseCommand{held.job});
    if (map.timeline() == held.timeline) {
      held.state = v1::ServerJobReport::FAILED;
      held.error = "the map of the same timeline places other shards here";
      held.job = nullptr;
      held.attempt = 0;
      return commands;
    }
  }
  Held opening;
  opening.timeline = map.timeline();
  opening.epoch = map.epoch();
  opening.attempt = next_attempt_++;
  opening.shards = std::move(shards);
  commands.push_back(OpenCommand{.order = order, .attempt = opening.attempt});
  jobs_[order.job_id()] = std::move(opening);
  return commands;
}

bool ServerState::Opened(uint64_t job_id, uint64_t attempt,
                         absl::StatusOr<std::shared_ptr<ServerJob>> job) {
  MutexLock lock(&mu_);
  const auto found = jobs_.find(job_id);
  if (found == jobs_.end() || found->second.attempt != attempt) return false;
  Held& held = found->second;
  if (!job.ok()) {
    held.state = v1::ServerJobReport::FAILED;
    held.error = std::string(job.status().message());
    held.cut_damaged = absl::IsDataLoss(job.status());
    return true;
  }
  held.state = v1::ServerJobReport::SERVING;
  held.job = *std::move(job);
  held.job->SetEpoch(held.epoch);
  return true;
}

bool ServerState::Wanted(uint64_t job_id, uint64_t attempt) const {
  MutexLock lock(&mu_);
  const auto found = jobs_.find(job_id);
  return found != jobs_.end() && found->second.attempt == attempt;
}

void ServerState::CutDone(const ServerJob& job, const v1::CutReport& report) {
  MutexLock lock(&mu_);
  const auto found = jobs_.find(job.job_id());
  if (found == jobs_.end() || found->second.job.get() != &job) return;
  if (found->second.cut_id == report.cut_id()) found->second.cut = report;
}

std::shared_ptr<ServerJob> ServerState::Find(uint64_t job_id) const {
  MutexLock lock(&mu_);
  const auto found = jobs_.find(job_id);
  return found == jobs_.end() ? nullptr : found->second.job;
}

std::vector<v1::ServerJobReport> ServerState::Reports() const {
  std::vector<std::pair<v1::ServerJobReport, std::shared_ptr<ServerJob>>> held;
  {
    MutexLock lock(&mu_);
    for (const auto& [job_id, job] : jobs_) {
      v1::ServerJobReport report;
      report.set_job_id(job_id);
      report.set_timeline(job.timeline);
      report.set_epoch(job.epoch);
      report.set_state(job.state);
      report.set_error(job.error);
      report.set_cut_damaged(job.cut_damaged);
      if (job.cut_id != 0) *report.mutable_cut() = job.cut;
      held.emplace_back(std::move(report), job.job);
    }
  }
  // Shards are asked without the lock: data calls look jobs up under it.
  std::vector<v1::ServerJobReport> reports;
  for (auto& [report, job] : held) {
    if (job != nullptr) job->FillReport(&report);
    if (!report.error().empty()) report.set_state(v1::ServerJobReport::FAILED);
    reports.push_back(std::move(report));
  }
  return reports;
}

std::vector<std::shared_ptr<ServerJob>> ServerState::TakeAll() {
  std::vector<std::shared_ptr<ServerJob>> jobs;
  MutexLock lock(&mu_);
  for (auto& [job_id, held] : jobs_) {
    if (held.job != nullptr) jobs.push_back(std::move(held.job));
  }
  jobs_.clear();
  return jobs;
}

}  // namespace paceline::server
