#include "scheduler/core/scheduler_core.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/status/status_macros.h"
#include "scheduler/core/lifecycle/cut_flight.h"
#include "scheduler/core/lifecycle/evaluations.h"
#include "scheduler/core/lifecycle/facts.h"
#include "scheduler/core/lifecycle/retention.h"
#include "scheduler/core/nodes/links.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/orders.h"
#include "scheduler/core/plan.h"
#include "scheduler/core/ranks/grants.h"
#include "scheduler/core/state/job_apply.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/state/old_state.h"
#include "scheduler/core/views/measure.h"

namespace paceline::scheduler {
namespace {

// Notices kept until they are taken.
constexpr size_t kMaxNotices = 1000;

// Whether a task's report may lead to a decision at once. Progress alone does not,
// and there is a lot of it.
bool MayDecide(const v1::JobRecord& job, const v1::SyncTaskRequest& report) {
  return job.state() != v1::JOB_STATE_RUNNING || !report.error().empty() ||
         report.progress().finished();
}

std::string IdentityText(const v1::SchedulerIdentity& identity) {
  return absl::StrCat("generation ", identity.generation(), ", nonce ", identity.start_nonce(),
                      ", journal index ", identity.journal_index());
}

}  // namespace

SchedulerCore::SchedulerCore(Options options, Journal* journal, Moment now)
    : options_(std::move(options)),
      journal_(journal),
      seen_(now.monotonic, 2 * options_.plan.heartbeat),
      replies_(options_.plan.heartbeat),
      last_tick_(now.monotonic) {
  seen_.set_started_wall_ms(now.wall_ms);
}

absl::StatusOr<std::unique_ptr<SchedulerCore>> SchedulerCore::Open(Options options,
                                                                   Journal* journal, Moment now) {
  PL_CHECK(!options.new_cluster_id.empty());
  PL_CHECK_GE(options.plan.silent_heartbeats, 2);
  std::unique_ptr<SchedulerCore> core(new SchedulerCore(std::move(options), journal, now));
  const absl::Status replayed = journal->Replay(
      [&](const v1::StateSnapshot& snapshot) -> absl::Status {
        PL_ASSIGN_OR_RETURN(core->state_, ClusterState::FromSnapshot(snapshot));
        return absl::OkStatus();
      },
      [&](const v1::Update& update) {
        absl::Status applied = core->state_.Apply(update);
        if (applied.ok()) return applied;
        return absl::DataLossError(absl::StrCat("journal entry ", core->state_.journal_index() + 1,
                                                " does not follow: ", applied.message()));
      });
  PL_RETURN_IF_ERROR(replayed);
  PL_RETURN_IF_ERROR(core->CompactIfLong());
  Decisions start;
  if (core->state_.cluster_id().empty()) {
    start.Add(now).mutable_cluster_created()->set_cluster_id(core->options_.new_cluster_id);
  }
  v1::GenerationStarted* generation = start.Add(now).mutable_generation_started();
  generation->set_generation(core->state_.generation() + 1);
  generation->set_start_nonce(core->options_.start_nonce);
  PL_RETURN_IF_ERROR(core->CommitDecisions(std::move(start), now));
  PL_RETURN_IF_ERROR(core->Settle(now));
  return core;
}

bool SchedulerCore::KnowsNewer(const v1::SchedulerIdentity& heard) const {
  if (heard.cluster_id() != state_.cluster_id()) return false;
  if (heard.generation() > state_.generation()) return true;
  for (const v1::GenerationRecord& record : state_.generations()) {
    // The generation that was heard ended where the next one of this journal began:
    // what was heard beyond is of another history.
    if (record.generation() > heard.generation()) {
      return heard.journal_index() >= record.start_index();
    }
    if (record.generation() == heard.generation() && record.start_nonce() != heard.start_nonce()) {
      return true;
    }
  }
  return heard.journal_index() > state_.journal_index();
}

absl::Status SchedulerCore::GiveWayOrMovePast(const v1::SchedulerIdentity& heard,
                                              absl::string_view who) {
  if (!options_.accept_old_state) {
    stale_ = absl::AbortedError(absl::StrCat(
        "this scheduler (", IdentityText(Identity()), ") is not the one that ", who, " has heard (",
        IdentityText(heard), "): its data folder is an old copy, or another scheduler runs on it"));
    return stale_;
  }
  const v1::StateSnapshot moved = MovePast(heard, state_.Snapshot());
  PL_ASSIGN_OR_RETURN(ClusterState state, ClusterState::FromSnapshot(moved));
  PL_RETURN_IF_ERROR(journal_->Compact(moved));
  notices_.push_back(
      {.kind = "OLD_STATE_ACCEPTED",
       .message = absl::StrCat(who, " has heard ", IdentityText(heard), "; this scheduler (",
                               IdentityText(Identity()), ") goes on from journal index ",
                               state.journal_index())});
  state_ = std::move(state);
  ++state_version_;
  for (const uint64_t job_id : state_.active_jobs()) Touch(job_id);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> SchedulerCore::Heartbeat(const v1::HeartbeatRequest& request, Moment now) {
  Decisions decisions;
  PL_RETURN_IF_ERROR(PlanHeartbeat(ViewAt(now), request, &decisions));
  if (KnowsNewer(request.scheduler())) {
    PL_RETURN_IF_ERROR(
        GiveWayOrMovePast(request.scheduler(), absl::StrCat("the node at ", request.address())));
    decisions = {};
    PL_RETURN_IF_ERROR(PlanHeartbeat(ViewAt(now), request, &decisions));
  }
  PL_RETURN_IF_ERROR(CommitDecisions(std::move(decisions), now));
  const v1::NodeRecord& node = *state_.FindNode(request.role(), request.address());
  const uint64_t node_id = node.node_id();
  // What jobs wait for may be there, or named, from now on.
  if (seen_.FindNode(node_id) == nullptr) ++state_version_;
  if (seen_.OnHeartbeat(node_id, node.incarnation(), request, now.monotonic)) {
    MeasureNode(state_, node, request, &seen_.curves());
    for (const v1::ServerJobReport& job : request.jobs()) Touch(job.job_id());
    for (const v1::TaskReport& task : request.tasks()) Touch(task.job_id());
  }
  PL_RETURN_IF_ERROR(Settle(now));
  return node_id;
}

absl::Status SchedulerCore::SyncTask(const v1::SyncTaskRequest& request, Moment now) {
  if (KnowsNewer(request.scheduler())) {
    PL_RETURN_IF_ERROR(GiveWayOrMovePast(
        request.scheduler(),
        absl::StrCat("the task of job ", request.job_id(), ", rank ", request.rank(), ",")));
  }
  const v1::JobRecord* job = state_.FindJob(request.job_id());
  const bool current = job != nullptr && !HasEnded(job->state()) &&
                       request.rank() < static_cast<uint32_t>(job->ranks_size()) &&
                       job->ranks(request.rank()).incarnation() == request.incarnation() &&
                       job->ranks(request.rank()).node_id() != 0;
  // Others are told to exit; what they say does not count.
  const TaskObservation* before =
      seen_.FindTask(request.job_id(), request.rank(), request.incarnation());
  const bool first_facts =
      request.has_facts() && (before == nullptr || !before->report.has_facts());
  if (!current || !seen_.OnSyncTask(request, now.monotonic)) return absl::OkStatus();
  Touch(request.job_id());
  seen_.curves().OnTask(request);
  for (const BrokenLink& link : BrokenLinks(ViewAt(now), *job, request.rank())) {
    seen_.MarkBrokenLink(link.worker, link.server, now.monotonic);
  }
  Decisions decisions;
  if (first_facts) PlanLateFacts(ViewAt(now), *job, request.rank(), &decisions);
  PlanEvaluations(ViewAt(now), *job, request, &decisions);
  PL_RETURN_IF_ERROR(CommitDecisions(std::exchange(decisions, {}), now));
  if (MayDecide(*job, request)) PL_RETURN_IF_ERROR(Settle(now));
  PlanGrants(ViewAt(now), request, &decisions);
  return CommitDecisions(std::move(decisions), now);
}

SchedulerCore::Answer<v1::HeartbeatResponse> SchedulerCore::NodeReply(uint64_t node_id,
                                                                      Moment now) const {
  Answer<v1::HeartbeatResponse> answer;
  const v1::NodeRecord* node = state_.FindNode(node_id);
  if (node == nullptr) return answer;
  answer.reply = OrdersForNode(ViewAt(now), *node);
  answer.news = replies_.IsNews(node_id, answer.reply, now.monotonic);
  answer.reply.set_node_id(node_id);
  answer.reply.set_incarnation(node->incarnation());
  answer.reply.set_heartbeat_ms(
      static_cast<uint32_t>(absl::ToInt64Milliseconds(options_.plan.heartbeat)));
  *answer.reply.mutable_scheduler() = Identity();
  return answer;
}

SchedulerCore::Answer<v1::SyncTaskResponse> SchedulerCore::TaskReply(
    const v1::SyncTaskRequest& request, Moment now) const {
  Answer<v1::SyncTaskResponse> answer;
  answer.reply = OrdersForTask(ViewAt(now), request);
  answer.reply.set_fenced(answer.reply.desired() == v1::SyncTaskResponse::EXIT &&
                          request.error().empty() &&
                          state_.active_jobs().contains(request.job_id()));
  answer.reply.set_heartbeat_ms(
      static_cast<uint32_t>(absl::ToInt64Milliseconds(options_.plan.heartbeat)));
  answer.news = replies_.IsNews(request, answer.reply, now.monotonic);
  *answer.reply.mutable_scheduler() = Identity();
  return answer;
}

void SchedulerCore::NodeReplySent(uint64_t node_id, const v1::HeartbeatResponse& reply,
                                  Moment now) {
  replies_.Sent(node_id, reply, now.monotonic);
  seen_.OnReplyToNode(node_id, now.monotonic);
}

void SchedulerCore::TaskReplySent(const v1::SyncTaskRequest& request,
                                  const v1::SyncTaskResponse& reply, Moment now) {
  seen_.OnReplyToTask(request.job_id(), request.rank(), request.incarnation(), now.monotonic);
  // Nothing is remembered of tasks that are told to exit: their jobs are over.
  if (reply.desired() != v1::SyncTaskResponse::EXIT) {
    replies_.Sent(request, reply, now.monotonic);
  }
}

absl::Status SchedulerCore::Tick(Moment now) {
  if (now.monotonic - last_tick_ > 2 * options_.plan.heartbeat) {
    seen_.CountSilenceFrom(now.monotonic);
  }
  last_tick_ = now.monotonic;
  PL_RETURN_IF_ERROR(Settle(now));
  MeasureJobs(ViewAt(now), &seen_.curves());
  return CompactIfLong();
}

absl::Status SchedulerCore::CompactIfLong() {
  if (journal_->entries() <= options_.compact_after) return absl::OkStatus();
  return journal_->Compact(state_.Snapshot());
}

absl::Status SchedulerCore::OnWorkDone(const Command& command,
                                       const absl::StatusOr<std::string>& result, Moment now) {
  Decisions decisions;
  switch (command.kind) {
    case Command::Kind::kCommitCut:
      seen_.set_cut_work(command.job_id, false);
      PlanCutCommitted(ViewAt(now), command, result, &decisions);
      break;
    case Command::Kind::kHashCut:
      seen_.set_cut_work(command.job_id, false);
      PlanCutHashed(ViewAt(now), command, result, &decisions);
      break;
    case Command::Kind::kDeleteJob:
      seen_.set_deleting(command.job_id, false);
      if (!result.ok()) seen_.MarkDeleteFailed(command.job_id, now.monotonic);
      PlanDeleted(ViewAt(now), command, result, &decisions);
      break;
    case Command::Kind::kRemoveCuts:
      return absl::OkStatus();
  }
  PL_RETURN_IF_ERROR(CommitDecisions(std::move(decisions), now));
  return Settle(now);
}

std::vector<Command> SchedulerCore::TakeCommands() { return std::exchange(commands_, {}); }
std::vector<Notice> SchedulerCore::TakeNotices() { return std::exchange(notices_, {}); }

uint64_t SchedulerCore::JobVersion(uint64_t job_id) const {
  const auto it = job_versions_.find(job_id);
  return it == job_versions_.end() ? 0 : it->second;
}

void SchedulerCore::Touch(uint64_t job_id) {
  if (state_.FindJob(job_id) != nullptr) ++job_versions_[job_id];
}

v1::SchedulerIdentity SchedulerCore::Identity() const {
  v1::SchedulerIdentity identity;
  identity.set_cluster_id(state_.cluster_id());
  identity.set_generation(state_.generation());
  identity.set_start_nonce(state_.start_nonce());
  identity.set_journal_index(state_.journal_index());
  if (!state_.generations().empty()) {
    identity.set_start_index(state_.generations().back().start_index());
  }
  return identity;
}

absl::Status SchedulerCore::Commit(absl::Span<const v1::Update> updates, Moment now) {
  if (updates.empty()) return absl::OkStatus();
  PL_RETURN_IF_ERROR(journal_->Append(updates));
  for (const v1::Update& update : updates) {
    PL_CHECK_OK(state_.Apply(update)) << update.ShortDebugString();
    AfterApply(update, now);
  }
  return absl::OkStatus();
}

absl::Status SchedulerCore::CommitDecisions(Decisions decisions, Moment now) {
  PL_RETURN_IF_ERROR(Commit(decisions.updates, now));
  for (Command& command : decisions.commands) {
    if (command.kind == Command::Kind::kDeleteJob) {
      seen_.set_deleting(command.job_id, true);
    } else if (command.kind != Command::Kind::kRemoveCuts) {
      seen_.set_cut_work(command.job_id, true);
    }
    commands_.push_back(std::move(command));
  }
  return absl::OkStatus();
}

absl::Status SchedulerCore::Settle(Moment now) {
  if (std::string alarm = Alarm(ViewAt(now)); alarm != seen_.alarm()) {
    seen_.set_alarm(std::move(alarm), now.monotonic);
    ++state_version_;
  }
  while (true) {
    Decisions decisions;
    PlanNext(ViewAt(now), &decisions);
    if (decisions.empty()) return absl::OkStatus();
    PL_RETURN_IF_ERROR(CommitDecisions(std::move(decisions), now));
  }
}

void SchedulerCore::AfterApply(const v1::Update& update, Moment now) {
  if (!update.has_grants_made()) ++state_version_;
  if (std::optional<Notice> notice = NoticeOf(update, state_)) {
    // Nobody may be listening.
    if (notices_.size() == kMaxNotices) notices_.clear();
    notices_.push_back(*std::move(notice));
  }
  if (update.has_node_forgotten()) {
    seen_.ForgetNode(update.node_forgotten().node_id());
    replies_.ForgetNode(update.node_forgotten().node_id());
  }
  const uint64_t job_id = JobOfUpdate(update);
  if (job_id == 0) return;
  Touch(job_id);
  seen_.curves().OnUpdate(update, now.monotonic);
  if (update.has_cut_committed() || update.has_cut_abandoned() ||
      (update.has_job_state_changed() &&
       update.job_state_changed().state() == v1::JOB_STATE_RUNNING)) {
    seen_.MarkCut(job_id, now.monotonic);
  }
  if (update.has_restore_failed() && update.restore_failed().damaged_cut() == 0) {
    seen_.MarkRestoreFailed(job_id, now.monotonic);
  }
  if (update.has_job_ended()) {
    seen_.ForgetJob(job_id);
    replies_.ForgetJob(job_id);
  }
  if (update.has_job_forgotten() || update.has_job_deleted()) {
    seen_.ForgetJob(job_id);
    job_versions_.erase(job_id);
  }
}

}  // namespace paceline::scheduler
