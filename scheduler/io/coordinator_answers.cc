// The half of Coordinator that answers: polls for which there is news or whose time
// has come, watchers, and the thread that keeps the time.
#include <optional>
#include <utility>

#include "common/log.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/io/coordinator.h"

namespace paceline::scheduler {
namespace {

void LogNotice(const Notice& notice) {
  if (notice.job_id != 0) {
    LogInfo("job", {{"job", notice.job_id}, {"event", notice.kind}, {"what", notice.message}});
  } else {
    LogInfo("node", {{"node", notice.node_id}, {"event", notice.kind}, {"what", notice.message}});
  }
}

}  // namespace

void Coordinator::AnswerNode(uint64_t node_id, HeartbeatDone done, Moment now, Answers* answers) {
  v1::HeartbeatResponse reply = core_->NodeReply(node_id, now).reply;
  core_->NodeReplySent(node_id, reply, now);
  answers->push_back([done = std::move(done), reply = std::move(reply)] { done(reply); });
}

void Coordinator::AnswerTask(v1::SyncTaskRequest request, SyncTaskDone done, Moment now,
                             Answers* answers) {
  v1::SyncTaskResponse reply = core_->TaskReply(request, now).reply;
  core_->TaskReplySent(request, reply, now);
  answers->push_back([done = std::move(done), reply = std::move(reply)] { done(reply); });
}

void Coordinator::AfterEvent(Moment now, Answers* answers) {
  for (Command& command : core_->TakeCommands()) cut_worker_->Add(std::move(command));
  for (const Notice& notice : core_->TakeNotices()) LogNotice(notice);
  if (!core_->stale().ok() && closed_.ok()) {
    closed_ = core_->stale();
    LogError("stale scheduler", {{"cause", closed_}});
    EndAll(closed_, answers);
    answers->push_back([this, why = closed_] { options_.on_stale(why); });
    return;
  }
  if (core_->state_version() == answered_version_) return;
  answered_version_ = core_->state_version();
  std::vector<std::pair<uint64_t, HeartbeatDone>> nodes;
  node_polls_.TakeIf([&](uint64_t node_id, NodePoll& poll) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (!core_->NodeReply(node_id, now).news) return false;
    nodes.emplace_back(node_id, std::move(poll.done));
    return true;
  });
  for (auto& [node_id, done] : nodes) AnswerNode(node_id, std::move(done), now, answers);
  std::vector<TaskPoll> tasks =
      task_polls_.TakeIf([&](const auto&, const TaskPoll& poll) ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return core_->TaskReply(poll.request, now).news;
      });
  for (TaskPoll& task : tasks) {
    AnswerTask(std::move(task.request), std::move(task.done), now, answers);
  }
}

void Coordinator::AnswerExpired(Moment now, Answers* answers) {
  std::vector<std::pair<uint64_t, HeartbeatDone>> nodes;
  node_polls_.TakeIf([&](uint64_t node_id, NodePoll& poll) {
    if (poll.deadline > now.monotonic) return false;
    nodes.emplace_back(node_id, std::move(poll.done));
    return true;
  });
  for (auto& [node_id, done] : nodes) AnswerNode(node_id, std::move(done), now, answers);
  std::vector<TaskPoll> tasks = task_polls_.TakeIf(
      [&](const auto&, const TaskPoll& poll) { return poll.deadline <= now.monotonic; });
  for (TaskPoll& task : tasks) {
    AnswerTask(std::move(task.request), std::move(task.done), now, answers);
  }
}

void Coordinator::EndAll(const absl::Status& why, Answers* answers) {
  const auto all = [](const auto&, const auto&) { return true; };
  for (NodePoll& poll : node_polls_.TakeIf(all)) {
    answers->push_back([done = std::move(poll.done), why] { done(why); });
  }
  for (TaskPoll& poll : task_polls_.TakeIf(all)) {
    answers->push_back([done = std::move(poll.done), why] { done(why); });
  }
  for (const Watch& watch : watches_) {
    answers->push_back([weak = watch.watcher, why] {
      if (const auto watcher = weak.lock()) watcher->End(why);
    });
  }
  watches_.clear();
  for (auto& [job_id, done] : deletes_) {
    answers->push_back([done = std::move(done), why] { done(why); });
  }
  deletes_.clear();
}

uint64_t Coordinator::WatchVersion(uint64_t job_id) const {
  // Both only grow. The state's version stands for reasons that depend on others.
  return core_->JobVersion(job_id) + core_->state_version();
}

void Coordinator::OfferToWatchers(Moment now, Answers* answers) {
  for (size_t i = 0; i < watches_.size();) {
    Watch& watch = watches_[i];
    const std::shared_ptr<JobWatcher> watcher = watch.watcher.lock();
    bool drop = watcher == nullptr;
    const uint64_t version = WatchVersion(watch.job_id);
    if (!drop && version != watch.version && now.monotonic >= watch.next && watcher->Ready()) {
      absl::StatusOr<v1::Job> job = core_->GetJob(watch.job_id, now);
      drop = !job.ok() || HasEnded(job->state());
      watch.version = version;
      watch.next = now.monotonic + kWatchInterval;
      answers->push_back([watcher, job = std::move(job), drop] {
        if (job.ok()) {
          watcher->Offer(*job, drop);
        } else {
          watcher->End(job.status());
        }
      });
    }
    if (drop) {
      watches_[i] = std::move(watches_.back());
      watches_.pop_back();
    } else {
      ++i;
    }
  }
}

void Coordinator::OnCutDone(const Command& command, const absl::StatusOr<std::string>& result) {
  Answers answers;
  {
    MutexLock lock(&mu_);
    if (!closed_.ok()) return;
    const Moment now = Now();
    const absl::Status status = core_->OnWorkDone(command, result, now);
    if (!status.ok()) LogWarning("journal", {{"cause", status}});
    if (command.kind == Command::Kind::kDeleteJob) {
      AnswerDeletes(command.job_id, result.ok() ? status : result.status(), &answers);
    }
    AfterEvent(now, &answers);
  }
  Run(answers);
}

void Coordinator::AnswerDeletes(uint64_t job_id, const absl::Status& status, Answers* answers) {
  const auto [first, last] = deletes_.equal_range(job_id);
  for (auto it = first; it != last; ++it) {
    answers->push_back([done = std::move(it->second), status] {
      if (status.ok()) {
        done(v1::DeleteJobResponse());
      } else {
        done(status);
      }
    });
  }
  deletes_.erase(first, last);
}

void Coordinator::RefreshLimits() {
  const absl::Duration now = options_.clock->Monotonic();
  if (options_.limits == nullptr || now < limits_due_) return;
  limits_due_ = now + LimitsFile::kLookEvery;
  std::optional<absl::StatusOr<LimitTable>> limits = options_.limits->ReadIfChanged();
  if (!limits.has_value()) return;
  if (!limits->ok()) {
    LogWarning("limits stay as they were", {{"cause", limits->status()}});
    return;
  }
  LogInfo("limits read", {{"file", (*limits)->file}, {"users", (*limits)->users.size()}});
  MutexLock lock(&mu_);
  core_->SetLimits(**std::move(limits));
}

void Coordinator::KeepTime() {
  bool failing = false;
  while (true) {
    Answers answers;
    RefreshLimits();
    {
      MutexLock lock(&mu_);
      if (!stop_) {
        (void)options_.clock->WaitUntil(&mu_, &wake_, options_.clock->Monotonic() + tick_);
      }
      if (stop_) return;
      if (!closed_.ok()) continue;
      const Moment now = Now();
      const absl::Status status = core_->Tick(now);
      // The first of a series.
      if (!status.ok() && !failing) LogWarning("journal", {{"cause", status}});
      failing = !status.ok();
      AfterEvent(now, &answers);
      AnswerExpired(now, &answers);
      OfferToWatchers(now, &answers);
    }
    Run(answers);
  }
}

}  // namespace paceline::scheduler
