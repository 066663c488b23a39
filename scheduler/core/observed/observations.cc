#include "scheduler/core/observed/observations.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace paceline::scheduler {
namespace {

// Whether a call numbered `got` came after `last`; 0 is not counted.
bool Overtaken(uint64_t last, uint64_t got) { return got != 0 && got < last; }

}  // namespace

bool Observations::OnHeartbeat(uint64_t node_id, uint64_t incarnation,
                               const v1::HeartbeatRequest& report, absl::Duration now) {
  const auto [it, inserted] = nodes_.try_emplace(node_id);
  NodeObservation& node = it->second;
  if (inserted || now - node.last_heard > gap_) node.heard_since = now;
  if (!inserted && node.report.process_nonce() == report.process_nonce() &&
      Overtaken(node.report.sequence(), report.sequence())) {
    node.last_heard = std::max(node.last_heard, now);
    return false;
  }
  node.last_heard = now;
  node.incarnation = incarnation;
  node.report = report;
  for (const v1::TaskReport& task : report.tasks()) {
    auto& [newest, since] = running_[{task.job_id(), task.rank()}];
    if (task.incarnation() > newest) {
      newest = task.incarnation();
      since = now;
    }
  }
  return true;
}

bool Observations::OnSyncTask(const v1::SyncTaskRequest& report, absl::Duration now) {
  const auto [it, inserted] = tasks_.try_emplace({report.job_id(), report.rank()});
  TaskObservation& task = it->second;
  if (!inserted && (report.incarnation() < task.report.incarnation() ||
                    (report.incarnation() == task.report.incarnation() &&
                     Overtaken(task.report.sequence(), report.sequence())))) {
    return false;
  }
  const bool failed_before = !inserted && task.report.incarnation() == report.incarnation() &&
                             !task.report.error().empty();
  if (!failed_before) task.failed_since = now;
  task.last_heard = now;
  task.report = report;
  return true;
}

void Observations::OnReplyToNode(uint64_t node_id, absl::Duration now) {
  const auto it = nodes_.find(node_id);
  if (it != nodes_.end()) it->second.last_heard = std::max(it->second.last_heard, now);
}

void Observations::OnReplyToTask(uint64_t job_id, uint32_t rank, uint64_t incarnation,
                                 absl::Duration now) {
  const auto it = tasks_.find({job_id, rank});
  if (it == tasks_.end() || it->second.report.incarnation() != incarnation) return;
  it->second.last_heard = std::max(it->second.last_heard, now);
}

std::optional<absl::Duration> Observations::RunningSince(uint64_t job_id, uint32_t rank,
                                                         uint64_t incarnation) const {
  const auto it = running_.find({job_id, rank});
  if (it == running_.end() || it->second.first != incarnation) return std::nullopt;
  return it->second.second;
}

const NodeObservation* Observations::FindNode(uint64_t node_id) const {
  const auto it = nodes_.find(node_id);
  return it == nodes_.end() ? nullptr : &it->second;
}

const TaskObservation* Observations::FindTask(uint64_t job_id, uint32_t rank,
                                              uint64_t incarnation) const {
  const auto it = tasks_.find({job_id, rank});
  if (it == tasks_.end() || it->second.report.incarnation() != incarnation) return nullptr;
  return &it->second;
}

const v1::ServerJobReport* Observations::FindServerJob(uint64_t node_id, uint64_t node_incarnation,
                                                       uint64_t job_id) const {
  const NodeObservation* node = FindNode(node_id);
  if (node == nullptr || node->incarnation != node_incarnation) return nullptr;
  for (const v1::ServerJobReport& job : node->report.jobs()) {
    if (job.job_id() == job_id) return &job;
  }
  return nullptr;
}

const v1::TaskReport* Observations::FindTaskReport(uint64_t node_id, uint64_t node_incarnation,
                                                   uint64_t job_id, uint32_t rank,
                                                   uint64_t incarnation) const {
  const NodeObservation* node = FindNode(node_id);
  if (node == nullptr || node->incarnation != node_incarnation) return nullptr;
  for (const v1::TaskReport& task : node->report.tasks()) {
    if (task.job_id() == job_id && task.rank() == rank && task.incarnation() == incarnation) {
      return &task;
    }
  }
  return nullptr;
}

void Observations::ForgetJob(uint64_t job_id) {
  tasks_.erase(tasks_.lower_bound({job_id, 0}),
               tasks_.upper_bound({job_id, std::numeric_limits<uint32_t>::max()}));
  running_.erase(running_.lower_bound({job_id, 0}),
                 running_.upper_bound({job_id, std::numeric_limits<uint32_t>::max()}));
  curves_.ForgetJob(job_id);
  cut_work_.erase(job_id);
  cut_times_.erase(job_id);
  restore_failures_.erase(job_id);
  deleting_.erase(job_id);
  delete_failures_.erase(job_id);
}

void Observations::set_deleting(uint64_t job_id, bool running) {
  if (running) {
    deleting_.insert(job_id);
  } else {
    deleting_.erase(job_id);
  }
}

absl::Duration Observations::SinceDeleteFailed(uint64_t job_id, absl::Duration now) const {
  const auto it = delete_failures_.find(job_id);
  return it == delete_failures_.end() ? absl::InfiniteDuration() : now - it->second;
}

absl::Duration Observations::SinceCut(uint64_t job_id, absl::Duration now) const {
  const auto it = cut_times_.find(job_id);
  return now - (it == cut_times_.end() ? started_ : it->second);
}

void Observations::ForgetNode(uint64_t node_id) {
  nodes_.erase(node_id);
  std::erase_if(broken_links_, [node_id](const auto& link) {
    return link.first.first == node_id || link.first.second == node_id;
  });
}

absl::Duration Observations::SinceBrokenLink(uint64_t worker, uint64_t server,
                                             absl::Duration now) const {
  const auto it = broken_links_.find({worker, server});
  return it == broken_links_.end() ? absl::InfiniteDuration() : now - it->second;
}

absl::Duration Observations::SinceRestoreFailed(uint64_t job_id, absl::Duration now) const {
  const auto it = restore_failures_.find(job_id);
  return it == restore_failures_.end() ? absl::InfiniteDuration() : now - it->second;
}

void Observations::set_alarm(std::string alarm, absl::Duration now) {
  if (alarm.empty() && !alarm_.empty()) silence_counts_from_ = now;
  alarm_ = std::move(alarm);
}

void Observations::set_cut_work(uint64_t job_id, bool running) {
  if (running) {
    cut_work_.insert(job_id);
  } else {
    cut_work_.erase(job_id);
  }
}

}  // namespace paceline::scheduler
