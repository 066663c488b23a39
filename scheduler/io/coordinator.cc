#include "scheduler/io/coordinator.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/check.h"
#include "common/log.h"
#include "common/status/status_macros.h"
#include "scheduler/core/stored_cuts/cut_folder.h"

namespace paceline::scheduler {
namespace {

absl::Duration TickOf(absl::Duration heartbeat) {
  return std::clamp(heartbeat / 10, absl::Milliseconds(5), absl::Milliseconds(50));
}

}  // namespace

Coordinator::Coordinator(Options options, std::unique_ptr<SchedulerCore> core)
    : options_(std::move(options)),
      hold_(options_.core.plan.heartbeat),
      tick_(TickOf(options_.core.plan.heartbeat)),
      cluster_id_(core->state().cluster_id()),
      core_(std::move(core)) {}

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Start(Options options) {
  PL_CHECK(options.clock != nullptr);
  PL_CHECK(options.cuts != nullptr);
  if (options.limits != nullptr) {
    PL_ASSIGN_OR_RETURN(options.core.plan.limits, options.limits->Read());
  }
  const Moment now = {.monotonic = options.clock->Monotonic(),
                      .wall_ms = absl::ToUnixMillis(options.clock->Now())};
  PL_ASSIGN_OR_RETURN(std::unique_ptr<SchedulerCore> core,
                      SchedulerCore::Open(options.core, options.journal, now));
  LogInfo("state replayed", {{"cluster", core->state().cluster_id()},
                             {"generation", core->state().generation()},
                             {"journal_index", core->state().journal_index()},
                             {"jobs", core->state().jobs().size()}});
  std::unique_ptr<Coordinator> coordinator(new Coordinator(std::move(options), std::move(core)));
  Coordinator* self = coordinator.get();
  const std::string& data_dir = self->options_.core.plan.data_dir;
  if (!data_dir.empty()) PL_RETURN_IF_ERROR(self->MarkCutRoot(data_dir, self->cluster_id_));
  coordinator->cut_worker_ = std::make_unique<CutWorker>(
      coordinator->options_.cuts,
      [self](const Command& command, const absl::StatusOr<std::string>& result) {
        self->OnCutDone(command, result);
      });
  coordinator->timer_ = std::thread([self] { self->KeepTime(); });
  return coordinator;
}

Coordinator::~Coordinator() { Shutdown(); }

void Coordinator::Shutdown() {
  Answers answers;
  {
    MutexLock lock(&mu_);
    stop_ = true;
    if (closed_.ok()) closed_ = absl::UnavailableError("the scheduler is shutting down");
    EndAll(closed_, &answers);
    wake_.NotifyAll();
  }
  Run(answers);
  if (timer_.joinable()) timer_.join();
  cut_worker_->Stop();
}

void Coordinator::SetAddresses(std::string address, std::string http_address) {
  MutexLock lock(&mu_);
  address_ = std::move(address);
  http_address_ = std::move(http_address);
}

Moment Coordinator::Now() const {
  return {.monotonic = options_.clock->Monotonic(),
          .wall_ms = absl::ToUnixMillis(options_.clock->Now())};
}

absl::Status Coordinator::Serving() const { return closed_; }

absl::Status Coordinator::Health() {
  MutexLock lock(&mu_);
  return closed_;
}

CoordinatorStats Coordinator::Stats() {
  MutexLock lock(&mu_);
  CoordinatorStats stats = stats_;
  stats.journal_index = core_->state().journal_index();
  stats.last_job_id = core_->state().next_job_id() - 1;
  stats.parked_polls = node_polls_.size() + task_polls_.size();
  stats.watchers = watches_.size();
  return stats;
}

absl::Status Coordinator::MarkCutRoot(const std::string& root, const std::string& cluster_id) {
  FileSystem& fs = *options_.cuts->options().fs;
  const std::string mark = CutMark(root, cluster_id);
  if (fs.Exists(mark)) return absl::OkStatus();
  PL_RETURN_IF_ERROR(fs.CreateDirs(root));
  return WriteFileDurably(fs, mark, "cuts of a Paceline cluster\n");
}

// ---- nodes and tasks ----

uint64_t Coordinator::NewTicket() {
  MutexLock lock(&mu_);
  return ++last_ticket_;
}

void Coordinator::Heartbeat(uint64_t ticket, const v1::HeartbeatRequest& request,
                            HeartbeatDone done) {
  Answers answers;
  {
    MutexLock lock(&mu_);
    const Moment now = Now();
    ++stats_.heartbeats;
    absl::StatusOr<uint64_t> node_id = uint64_t{0};
    if (closed_.ok()) {
      node_id = core_->Heartbeat(request, now);
    } else {
      node_id = closed_;
    }
    if (!node_id.ok()) {
      answers.push_back([done, status = node_id.status()] { done(status); });
    } else if (core_->NodeReply(*node_id, now).news) {
      AnswerNode(*node_id, std::move(done), now, &answers);
    } else {
      // The caller has given its older poll up: the answer to that one goes nowhere.
      std::optional<NodePoll> before = node_polls_.Park(
          *node_id, {.ticket = ticket, .deadline = now.monotonic + hold_, .done = std::move(done)});
      if (before.has_value()) {
        answers.push_back([done = std::move(before->done)] {
          done(absl::CancelledError("a newer heartbeat of this node took its place"));
        });
      }
    }
    if (closed_.ok()) AfterEvent(now, &answers);
  }
  Run(answers);
}

void Coordinator::SyncTask(uint64_t ticket, const v1::SyncTaskRequest& request, SyncTaskDone done) {
  Answers answers;
  {
    MutexLock lock(&mu_);
    const Moment now = Now();
    ++stats_.task_syncs;
    absl::Status status = closed_;
    if (status.ok()) status = core_->SyncTask(request, now);
    if (!status.ok()) {
      answers.push_back([done, status] { done(status); });
    } else if (core_->TaskReply(request, now).news) {
      AnswerTask(request, std::move(done), now, &answers);
    } else {
      std::optional<TaskPoll> before =
          task_polls_.Park({request.job_id(), request.rank()}, {.ticket = ticket,
                                                                .deadline = now.monotonic + hold_,
                                                                .request = request,
                                                                .done = std::move(done)});
      if (before.has_value()) {
        answers.push_back([done = std::move(before->done)] {
          done(absl::CancelledError("a newer call of this rank took its place"));
        });
      }
    }
    if (closed_.ok()) AfterEvent(now, &answers);
  }
  Run(answers);
}

void Coordinator::Abandon(uint64_t ticket) {
  const absl::Status gone = absl::CancelledError("the caller has gone");
  std::optional<NodePoll> node;
  std::optional<TaskPoll> task;
  {
    MutexLock lock(&mu_);
    node = node_polls_.Take(ticket);
    task = task_polls_.Take(ticket);
  }
  if (node.has_value()) node->done(gone);
  if (task.has_value()) task->done(gone);
}

}  // namespace paceline::scheduler
