#include "scheduler/io/coordinator.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/check.h"
#include "common/cut/manifest.h"
#include "common/log.h"
#include "common/status/status_macros.h"
#include "scheduler/core/cut_folder.h"
#include "scheduler/core/ending.h"
#include "scheduler/core/job_machine.h"

namespace paceline::scheduler {
namespace {

// Watchers at once.
constexpr size_t kMaxWatches = 1000;

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

// ---- users ----

template <typename Event>
auto Coordinator::Decide(Event event) -> decltype(event(Moment())) {
  Answers answers;
  decltype(event(Moment())) result = absl::UnknownError("not decided");
  {
    MutexLock lock(&mu_);
    PL_RETURN_IF_ERROR(Serving());
    const Moment now = Now();
    result = event(now);
    AfterEvent(now, &answers);
  }
  Run(answers);
  return result;
}

absl::StatusOr<v1::SubmitJobResponse> Coordinator::SubmitJob(const v1::SubmitJobRequest& request) {
  PL_ASSIGN_OR_RETURN(const std::optional<StartCut> start, ReadStartCut(request));
  // Without the lock: a slow disk holds up nobody but this caller.
  if (const std::string& dir = request.spec().checkpoint().dir(); !dir.empty() && dir[0] == '/') {
    const absl::Status marked = MarkCutRoot(dir, cluster_id_);
    if (!marked.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat("checkpoint.dir: ", std::string(marked.message())));
    }
  }
  PL_ASSIGN_OR_RETURN(const uint64_t job_id, Decide([&](Moment now) {
                        mu_.AssertHeld();
                        return core_->Submit(request, start, now);
                      }));
  v1::SubmitJobResponse response;
  response.set_job_id(job_id);
  return response;
}

absl::Status Coordinator::MarkCutRoot(const std::string& root, const std::string& cluster_id) {
  FileSystem& fs = *options_.cuts->options().fs;
  const std::string mark = CutMark(root, cluster_id);
  if (fs.Exists(mark)) return absl::OkStatus();
  PL_RETURN_IF_ERROR(fs.CreateDirs(root));
  return WriteFileDurably(fs, mark, "cuts of a Paceline cluster\n");
}

absl::StatusOr<std::optional<StartCut>> Coordinator::ReadStartCut(
    const v1::SubmitJobRequest& request) {
  std::optional<NamedCut> named;
  {
    MutexLock lock(&mu_);
    PL_RETURN_IF_ERROR(Serving());
    PL_ASSIGN_OR_RETURN(named, core_->StartCutOf(request));
  }
  if (!named.has_value()) return std::nullopt;
  absl::StatusOr<StartCut> read = ReadCut(*std::move(named));
  if (read.ok()) return *std::move(read);
  return absl::Status(read.status().code(),
                      absl::StrCat("start.cut: ", std::string(read.status().message())));
}

absl::StatusOr<StartCut> Coordinator::ReadCut(NamedCut name) const {
  const HeldCuts& cuts = *options_.cuts;
  StartCut cut;
  if (name.manifest_xxh3.empty()) {
    PL_ASSIGN_OR_RETURN(IdentifiedManifest read, ReadManifest(*cuts.options().fs, name.dir));
    name.manifest_xxh3 = std::move(read.xxh3);
    cut.manifest = std::move(read.manifest);
  } else {
    PL_ASSIGN_OR_RETURN(cut.manifest, cuts.Manifest(name.dir, name.manifest_xxh3, name.holders));
  }
  cut.name = std::move(name);
  return cut;
}

absl::StatusOr<v1::Job> Coordinator::GetJob(const v1::GetJobRequest& request) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  return core_->GetJob(request.job_id(), Now());
}

absl::StatusOr<v1::ListJobsResponse> Coordinator::ListJobs(const v1::ListJobsRequest& request) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  return core_->ListJobs(request, Now());
}

absl::StatusOr<v1::Job> Coordinator::CancelJob(const v1::CancelJobRequest& request) {
  return Decide([&](Moment now) {
    mu_.AssertHeld();
    return core_->Cancel(request, now);
  });
}

absl::StatusOr<v1::CheckpointJobResponse> Coordinator::CheckpointJob(
    const v1::CheckpointJobRequest& request) {
  return Decide([&](Moment now) {
    mu_.AssertHeld();
    return core_->Checkpoint(request, now);
  });
}

absl::StatusOr<v1::Cluster> Coordinator::DescribeCluster() {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  v1::Cluster cluster = core_->DescribeCluster(Now());
  cluster.set_address(address_);
  cluster.set_http_address(http_address_);
  return cluster;
}

absl::StatusOr<JobRows> Coordinator::ListJobRows(
    const std::function<bool(const v1::JobRecord&)>& wanted) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  return core_->ListJobRows(wanted, Now());
}

absl::StatusOr<CommittedCut> Coordinator::FindCut(uint64_t job_id, uint64_t cut_id) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  const v1::JobRecord* job = core_->state().FindJob(job_id);
  if (job == nullptr) return absl::NotFoundError(absl::StrCat("job ", job_id, " does not exist"));
  const uint64_t wanted = cut_id == 0 ? job->committed_cut_id() : cut_id;
  std::vector<uint64_t> kept;
  for (const v1::CutRecord& cut : job->cuts()) {
    if (cut.cut_id() == wanted) {
      CommittedCut found{.dir = cut.dir(), .manifest_xxh3 = cut.manifest_xxh3(), .holders = {}};
      for (const v1::ShardServer& holder : cut.holders()) *found.holders.Add() = holder.address();
      return found;
    }
    kept.push_back(cut.cut_id());
  }
  if (kept.empty())
    return absl::NotFoundError(absl::StrCat("job ", job_id, " has no committed cut"));
  return absl::NotFoundError(absl::StrCat("job ", job_id, " has no cut ", cut_id, "; it keeps ",
                                          absl::StrJoin(kept, ", ")));
}

absl::StatusOr<v1::StateSnapshot> Coordinator::Snapshot() {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Serving());
  return core_->state().Snapshot();
}

absl::Status Coordinator::WatchJob(uint64_t job_id, std::shared_ptr<JobWatcher> watcher) {
  absl::StatusOr<v1::Job> job = v1::Job();
  {
    MutexLock lock(&mu_);
    PL_RETURN_IF_ERROR(Serving());
    if (watches_.size() >= kMaxWatches) {
      return absl::ResourceExhaustedError(
          absl::StrCat("at most ", kMaxWatches, " watchers are served at once"));
    }
    const Moment now = Now();
    PL_ASSIGN_OR_RETURN(job, core_->GetJob(job_id, now));
    if (!HasEnded(job->state())) {
      // Offered the first message by the thread that keeps the time, as all others.
      watches_.push_back({.job_id = job_id,
                          .watcher = std::move(watcher),
                          .version = WatchVersion(job_id) - 1,
                          .next = now.monotonic});
      wake_.NotifyAll();
      return absl::OkStatus();
    }
  }
  watcher->Offer(*job, /*last=*/true);
  return absl::OkStatus();
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
