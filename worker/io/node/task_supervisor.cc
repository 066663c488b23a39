#include "worker/io/node/task_supervisor.h"

#include <pthread.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status/status_macros.h"

namespace paceline::worker {
TaskSupervisor::TaskSupervisor(Options options) : options_(std::move(options)) {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "supervisor");
}

TaskSupervisor::~TaskSupervisor() { Shutdown(); }

void TaskSupervisor::Obey(const v1::TaskOrder& order) {
  const TaskKey key = {order.job_id(), order.rank(), order.incarnation()};
  MutexLock lock(&mu_);
  if (shut_down_) return;
  if (order.desired() == v1::TaskOrder::RUN) {
    // There was nothing to look at.
    if (tasks_.empty()) looked_at_ = options_.clock->Monotonic();
    const auto [entry, is_new] = tasks_.try_emplace(key);
    if (is_new && order.has_gpu()) entry->second.gpu = order.gpu();
  } else if (order.desired() == v1::TaskOrder::STOP) {
    const auto found = tasks_.find(key);
    if (found == tasks_.end()) return;
    found->second.stop_ordered = true;
  }
  orders_came_ = true;
  work_.NotifyAll();
}

std::vector<v1::TaskReport> TaskSupervisor::Reports() const {
  std::vector<v1::TaskReport> reports;
  for (Task& task : Tasks()) reports.push_back(std::move(task.report));
  return reports;
}

std::vector<TaskSupervisor::Task> TaskSupervisor::Tasks() const {
  std::vector<Task> tasks;
  const absl::Duration now = options_.clock->Monotonic();
  MutexLock lock(&mu_);
  for (const auto& [key, entry] : tasks_) {
    Task& task = tasks.emplace_back();
    if (entry.started) task.uptime = (entry.exit ? entry.ended_at : now) - entry.started_at;
    v1::TaskReport& report = task.report;
    report.set_job_id(key.job_id);
    report.set_rank(key.rank);
    report.set_incarnation(key.incarnation);
    report.set_state(entry.exit.has_value() ? v1::TaskReport::EXITED : v1::TaskReport::RUNNING);
    report.set_pid(entry.pid);
    report.set_cpu_user_seconds(absl::ToDoubleSeconds(entry.usage.cpu_user));
    report.set_cpu_system_seconds(absl::ToDoubleSeconds(entry.usage.cpu_system));
    report.set_resident_bytes(entry.exit ? 0 : entry.usage.resident_bytes);
    if (entry.gpu.has_value()) report.set_gpu(*entry.gpu);
    if (entry.exit.has_value()) *report.mutable_exit() = *entry.exit;
  }
  return tasks;
}

absl::Duration TaskSupervisor::silence() const {
  MutexLock lock(&mu_);
  if (tasks_.empty()) return absl::ZeroDuration();
  return options_.clock->Monotonic() - looked_at_;
}

bool TaskSupervisor::Runs(uint64_t job_id, uint32_t rank) const {
  MutexLock lock(&mu_);
  for (auto it = tasks_.lower_bound(TaskKey{job_id, rank, 0});
       it != tasks_.end() && it->first.job_id == job_id && it->first.rank == rank; ++it) {
    if (!it->second.exit.has_value()) return true;
  }
  return false;
}

void TaskSupervisor::Shutdown() {
  {
    MutexLock lock(&mu_);
    shut_down_ = true;
    for (auto& [key, entry] : tasks_) entry.stop_ordered = true;
    work_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void TaskSupervisor::Run() {
  for (;;) {
    bool changed = false;
    {
      MutexLock lock(&mu_);
      if (shut_down_ && tasks_.empty()) return;
      orders_came_ = false;
      changed = Tend();
    }
    if (changed && options_.changed) options_.changed();
    MutexLock lock(&mu_);
    if (shut_down_ && tasks_.empty()) return;
    const absl::Duration until = tasks_.empty() ? absl::InfiniteDuration()
                                                : options_.clock->Monotonic() + options_.poll_every;
    const bool was_shut_down = shut_down_;
    options_.clock->Await(&mu_, &work_, until, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return orders_came_ || shut_down_ != was_shut_down;
    });
  }
}

bool TaskSupervisor::Tend() {
  std::vector<TaskKey> to_start;
  bool changed = false;
  looked_at_ = options_.clock->Monotonic();
  for (auto it = tasks_.begin(); it != tasks_.end();) {
    Entry& entry = it->second;
    if (!entry.started && !entry.stop_ordered) to_start.push_back(it->first);
    if (entry.started && !entry.exit.has_value()) changed = Watch(it->first, &entry) || changed;
    const bool gone = !entry.started || entry.exit.has_value();
    if (entry.stop_ordered && gone) {
      it = tasks_.erase(it);
      changed = true;
    } else {
      ++it;
    }
  }
  for (const TaskKey& key : to_start) StartOne(key);
  return changed || !to_start.empty();
}

void TaskSupervisor::StartOne(const TaskKey& key) {
  // Starting a process takes milliseconds; entries are erased by this thread alone.
  const std::optional<uint32_t> gpu = tasks_.at(key).gpu;
  mu_.Unlock();
  absl::StatusOr<std::unique_ptr<RunningTask>> task = Launch(key, gpu);
  mu_.Lock();
  Entry& entry = tasks_.at(key);
  entry.started = true;
  entry.started_at = options_.clock->Monotonic();
  stats_.started.Add();
  if (key.incarnation > 1) stats_.restarted.Add();
  if (task.ok()) {
    entry.task = *std::move(task);
    entry.pid = entry.task->pid();
    LogInfo("task started", {{"job", key.job_id},
                             {"rank", key.rank},
                             {"incarnation", key.incarnation},
                             {"pid", entry.pid}});
    return;
  }
  entry.exit.emplace();
  entry.exit->set_cause(absl::StrCat("cannot be started: ", task.status().message()));
  Ended(key, &entry);
}

void TaskSupervisor::Ended(const TaskKey& key, Entry* entry) {
  entry->ended_at = options_.clock->Monotonic();
  const TaskEnding ending = EndingOf(*entry->exit, entry->stop_ordered);
  stats_.ended[static_cast<size_t>(ending)].Add();
  LogInfo("task ended", {{"job", key.job_id},
                         {"rank", key.rank},
                         {"incarnation", key.incarnation},
                         {"cause", entry->exit->cause()}});
}

// What cannot be read stays as it was: the process may have ended just now.
void TaskSupervisor::Sample(absl::Duration now, Entry* entry) const {
  if (entry->pid == 0 || now < entry->sample_at) return;
  entry->sample_at = now + options_.sample_every;
  const auto usage = ReadProcessUsage(options_.proc, absl::StrCat(entry->pid));
  if (usage.ok()) entry->usage = *usage;
}

absl::StatusOr<std::unique_ptr<RunningTask>> TaskSupervisor::Launch(const TaskKey& key,
                                                                    std::optional<uint32_t> gpu) {
  TaskDevice device;
  if (options_.device) {
    PL_ASSIGN_OR_RETURN(device, options_.device(gpu));
  }
  return options_.launcher->Launch(key, device);
}

bool TaskSupervisor::Watch(const TaskKey& key, Entry* entry) {
  const absl::Duration now = options_.clock->Monotonic();
  if (entry->stop_ordered && !entry->kill_at.has_value()) {
    entry->kill_at = now + options_.grace;
    entry->task->Stop();
  }
  if (entry->kill_at.has_value() && now >= *entry->kill_at && !entry->killed) {
    entry->killed = true;
    entry->task->Kill();
  }
  entry->exit = entry->task->TryWait();
  if (!entry->exit.has_value()) {
    Sample(now, entry);
    return false;
  }
  entry->task.reset();
  Ended(key, entry);
  return true;
}

}  // namespace paceline::worker
