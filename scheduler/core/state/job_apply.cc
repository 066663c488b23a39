#include "scheduler/core/state/job_apply.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/partition/grants.h"
#include "common/partition/shares.h"
#include "common/status/status_macros.h"
#include "common/tables/sharding.h"
#include "scheduler/core/state/cut_apply.h"
#include "scheduler/core/state/eval_apply.h"
#include "scheduler/core/state/first_failure.h"
#include "scheduler/core/state/job_event.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/state/start.h"

namespace paceline::scheduler {
namespace {

absl::Status CheckRank(const v1::JobRecord& job, uint32_t rank) {
  if (rank < static_cast<uint32_t>(job.ranks_size())) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("job ", job.job_id(), ": rank ", rank, " of ",
                                          job.ranks_size(), " does not exist"));
}

void WithdrawMap(v1::JobRecord* job) {
  job->mutable_map()->clear_servers();
  job->mutable_map()->clear_shards();
  job->mutable_map()->clear_tables();
  job->clear_placement();
}

absl::Status Apply(const v1::JobStateChanged& update, int64_t time_ms, v1::JobRecord* job) {
  if (HasEnded(update.state())) return JobError(*job, "only JobEnded ends a job");
  PL_RETURN_IF_ERROR(CheckJobStep(job->state(), update.state()));
  job->set_state(update.state());
  job->set_reason(update.reason());
  if (update.state() == v1::JOB_STATE_RECOVERING) {
    // What was on this timeline never happened; its number is not used again.
    WithdrawMap(job);
    job->clear_final_eval();
    job->clear_finished();
    job->set_rollbacks(job->rollbacks() + 1);
  }
  if (update.state() == v1::JOB_STATE_RUNNING && job->running_ms() == 0) {
    job->set_running_ms(time_ms);
  }
  if (update.has_finished()) *job->mutable_finished() = update.finished();
  AddEvent(job, time_ms, v1::JobState_Name(update.state()).substr(sizeof("JOB_STATE_") - 1),
           update.reason());
  return absl::OkStatus();
}

// Who plays the rank from now on, and on what.
void SetTask(const v1::TaskAssignment& task, v1::RankRecord* rank) {
  rank->set_node_id(task.node_id());
  rank->set_node_incarnation(task.node_incarnation());
  rank->set_incarnation(task.incarnation());
  rank->clear_gpu();
  if (task.has_gpu()) rank->set_gpu(task.gpu());
}

// "4 tasks on 2 workers", or for a single rank "rank 1, incarnation 2, on worker 4".
std::string DescribeAssignment(const v1::TasksAssigned& update) {
  if (update.tasks_size() == 1) {
    const v1::TaskAssignment& task = update.tasks(0);
    return absl::StrCat("rank ", task.rank(), ", incarnation ", task.incarnation(), ", on worker ",
                        task.node_id(), task.has_gpu() ? absl::StrCat(", gpu ", task.gpu()) : "");
  }
  std::set<uint64_t> nodes;
  for (const v1::TaskAssignment& task : update.tasks()) nodes.insert(task.node_id());
  const bool gpus = update.tasks_size() > 0 && update.tasks(0).has_gpu();
  return absl::StrCat(update.tasks_size(), gpus ? " tasks, each on a GPU, on " : " tasks on ",
                      nodes.size(), " workers");
}

absl::Status Apply(const v1::TasksAssigned& update, int64_t time_ms, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "no tasks can be assigned"));
  const uint32_t ranks = job->spec().resources().workers();
  const bool first = job->ranks_size() == 0;
  std::set<uint32_t> seen;
  for (const v1::TaskAssignment& task : update.tasks()) {
    if (task.rank() >= ranks || !seen.insert(task.rank()).second) {
      return absl::NotFoundError(absl::StrCat("job ", job->job_id(), ": rank ", task.rank(), " of ",
                                              ranks, " does not exist or is repeated"));
    }
    const uint64_t before = first ? 0 : job->ranks(task.rank()).incarnation();
    if (task.incarnation() != before + 1) {
      return absl::InvalidArgumentError(absl::StrCat("job ", job->job_id(), ": rank ", task.rank(),
                                                     ": incarnation ", before + 1,
                                                     " required, got ", task.incarnation()));
    }
  }
  if (first && seen.size() != ranks) {
    return JobError(*job, absl::StrCat("all ", ranks, " ranks start together, got ", seen.size()));
  }
  while (static_cast<uint32_t>(job->ranks_size()) < ranks) job->add_ranks();
  if (first) {
    job->set_device(update.device());
    job->set_gpu_name(update.gpu_name());
  }
  for (const v1::TaskAssignment& task : update.tasks()) {
    v1::RankRecord* rank = job->mutable_ranks(task.rank());
    SetTask(task, rank);
    if (first && static_cast<int>(task.rank()) < job->start().grants_size()) {
      *rank->mutable_grants() = job->start().grants(static_cast<int>(task.rank())).grants();
    }
  }
  if (!first) job->set_restarts(job->restarts() + update.tasks_size());
  AddEvent(job, time_ms, "TASKS_ASSIGNED", DescribeAssignment(update));
  return absl::OkStatus();
}

absl::Status Apply(const v1::FactsRecorded& update, int64_t time_ms, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "its facts cannot change"));
  if (job->has_facts()) return JobError(*job, "its facts are recorded already");
  *job->mutable_facts() = update.facts();
  AddEvent(job, time_ms, "FACTS_RECORDED",
           absl::StrCat(update.facts().records(), " records, ", update.facts().features(),
                        " features, ", update.facts().tables_size(), " tables"));
  return absl::OkStatus();
}

absl::Status Apply(const v1::ShardsPlaced& update, int64_t time_ms, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "its shards cannot be placed"));
  const v1::ShardMap& map = update.map();
  if (map.timeline() < std::max<uint64_t>(job->map().timeline(), 1) ||
      map.epoch() <= job->map().epoch()) {
    return JobError(
        *job, absl::StrCat("timeline ", job->map().timeline(), " epoch ", job->map().epoch(),
                           " cannot become timeline ", map.timeline(), " epoch ", map.epoch()));
  }
  *job->mutable_map() = map;
  job->set_restore_cut(update.restore_cut());
  job->clear_placement();
  for (const v1::ShardServer& server : map.servers()) {
    v1::ShardPlacement* placement = job->add_placement();
    placement->set_node_id(server.node_id());
    placement->set_address(server.address());
  }
  for (const v1::ShardSpec& shard : map.shards()) {
    v1::ShardPlacement* placement = job->mutable_placement(shard.server());
    placement->set_shards(placement->shards() + 1);
    placement->set_bytes(placement->bytes() + ShardBytes(map.tables(shard.table()), shard));
  }
  const std::string start = StartText(*job);
  const std::string from = start.empty() ? "" : absl::StrCat(", from ", start);
  AddEvent(job, time_ms, "SHARDS_PLACED",
           absl::StrCat(map.shards_size(), " shards on ", map.servers_size(), " servers, timeline ",
                        map.timeline(), ", epoch ", map.epoch(), from));
  return absl::OkStatus();
}

absl::Status Apply(const v1::RestoreFailed& update, int64_t time_ms, v1::JobRecord* job) {
  if (job->state() != v1::JOB_STATE_RECOVERING) return JobError(*job, "nothing is being restored");
  job->set_reason(update.reason());
  WithdrawMap(job);
  for (int i = 0; i < job->cuts_size(); ++i) {
    if (job->cuts(i).cut_id() != update.damaged_cut()) continue;
    job->mutable_cuts()->DeleteSubrange(i, 1);
    break;
  }
  job->set_committed_cut_id(job->cuts().empty() ? 0 : job->cuts().rbegin()->cut_id());
  AddEvent(job, time_ms, update.damaged_cut() == 0 ? "RESTORE_FAILED" : "CUT_DAMAGED",
           update.reason());
  return absl::OkStatus();
}

absl::Status Apply(const v1::GrantsMade& update, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "nothing can be granted"));
  PL_RETURN_IF_ERROR(CheckRank(*job, update.rank()));
  const uint64_t records = job->facts().records();
  const uint64_t batch =
      NominalBatch(job->spec().train().global_batch(), update.rank(), job->ranks_size());
  if (batch == 0) return JobError(*job, absl::StrCat("rank ", update.rank(), " has no batch"));

  const auto& held = job->ranks(update.rank()).grants();
  uint64_t number = held.size();
  uint64_t iteration = held.empty() ? 0
                                    : held.rbegin()->first_iteration() +
                                          GrantIterations(held.rbegin()->count(), batch);
  uint64_t epoch = job->grant_epoch();
  uint64_t next = job->grant_next();
  for (const v1::Grant& grant : update.grants()) {
    if (grant.number() != number || grant.first_iteration() != iteration ||
        grant.epoch() != epoch || grant.first() != next || grant.count() == 0 ||
        grant.count() > records - next) {
      return absl::InvalidArgumentError(
          absl::StrCat("job ", job->job_id(), ": rank ", update.rank(), ": grant ", number,
                       " from iteration ", iteration, " at epoch ", epoch, " position ", next,
                       " of ", records, " required, got ", grant.ShortDebugString()));
    }
    ++number;
    iteration += GrantIterations(grant.count(), batch);
    next += grant.count();
    if (next == records) {
      next = 0;
      ++epoch;
    }
  }
  job->mutable_ranks(update.rank())->mutable_grants()->MergeFrom(update.grants());
  job->set_grant_epoch(epoch);
  job->set_grant_next(next);
  return absl::OkStatus();
}

absl::Status Apply(const v1::FinalEvalDone& update, int64_t time_ms, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "its evaluation is what it is"));
  *job->mutable_final_eval() = update.eval();
  AddEvent(job, time_ms, "EVALUATED", update.eval().result().ShortDebugString());
  return absl::OkStatus();
}

absl::Status Apply(const v1::TaskExited& update, int64_t time_ms, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "its tasks no longer count"));
  PL_RETURN_IF_ERROR(CheckRank(*job, update.rank()));
  v1::RankRecord* rank = job->mutable_ranks(update.rank());
  if (rank->incarnation() != update.incarnation() || rank->node_id() == 0) {
    return JobError(*job, absl::StrCat("rank ", update.rank(), ": incarnation ",
                                       rank->incarnation(), rank->node_id() == 0 ? " (ended)" : "",
                                       " required, got ", update.incarnation()));
  }
  rank->set_node_id(0);
  rank->set_node_incarnation(0);
  rank->clear_gpu();
  *rank->mutable_last_exit() = update.exit();
  if (update.died()) {
    const bool again = rank->deaths() > 0 && rank->death_iteration() == update.iteration();
    rank->set_deaths(again ? rank->deaths() + 1 : 1);
    if (!again) *rank->mutable_first_death() = DeathOf(update, time_ms);
    rank->set_death_iteration(update.iteration());
  }
  AddEvent(job, time_ms, "TASK_EXITED",
           absl::StrCat("rank ", update.rank(), " incarnation ", update.incarnation(), ": ",
                        update.exit().cause()));
  return absl::OkStatus();
}

absl::Status Apply(const v1::RankMoved& update, int64_t time_ms, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "its ranks cannot be moved"));
  const v1::TaskAssignment& task = update.task();
  PL_RETURN_IF_ERROR(CheckRank(*job, task.rank()));
  v1::RankRecord* rank = job->mutable_ranks(static_cast<int>(task.rank()));
  if (rank->node_id() == 0 || rank->incarnation() + 1 != task.incarnation()) {
    return JobError(*job,
                    absl::StrCat("rank ", task.rank(), ": incarnation ", rank->incarnation() + 1,
                                 rank->node_id() == 0 ? " (no task)" : "", " required, got ",
                                 task.incarnation()));
  }
  SetTask(task, rank);
  rank->clear_last_exit();
  rank->mutable_last_exit()->set_cause(absl::StrCat("moved: ", update.reason()));
  job->set_restarts(job->restarts() + 1);
  AddEvent(job, time_ms, "RANK_MOVED",
           absl::StrCat("rank ", task.rank(), ", incarnation ", task.incarnation(), ", to worker ",
                        task.node_id(), ": ", update.reason()));
  return absl::OkStatus();
}

absl::Status Apply(const v1::CancelRequested& update, int64_t time_ms, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "it cannot be cancelled"));
  job->set_cancel_requested(true);
  AddEvent(job, time_ms, "CANCEL_REQUESTED", update.reason());
  return absl::OkStatus();
}

absl::Status Apply(const v1::JobEnded& update, int64_t time_ms, v1::JobRecord* job) {
  if (!HasEnded(update.state())) return JobError(*job, "JobEnded must name a state that ends");
  PL_RETURN_IF_ERROR(CheckJobStep(job->state(), update.state()));
  job->set_state(update.state());
  job->set_reason(update.reason());
  job->set_ended_ms(time_ms);
  *job->mutable_summary() = update.summary();
  *job->mutable_evals() = update.evals();
  *job->mutable_final_ranks() = update.ranks();
  *job->mutable_curves() = update.curves();
  KeepFirstFailure(update, job);
  job->clear_finished();
  job->clear_map();
  for (v1::RankRecord& rank : *job->mutable_ranks()) rank.clear_grants();
  AddEvent(job, time_ms, v1::JobState_Name(update.state()).substr(sizeof("JOB_STATE_") - 1),
           update.reason());
  return absl::OkStatus();
}

}  // namespace

v1::JobRecord NewJob(const v1::JobSubmitted& update, int64_t time_ms) {
  v1::JobRecord job;
  job.set_job_id(update.job_id());
  job.set_request_id(update.request_id());
  job.set_owner(update.owner());
  *job.mutable_spec() = update.spec();
  job.set_state(v1::JOB_STATE_PENDING);
  job.set_checkpoint_dir(update.checkpoint_dir());
  job.set_submitted_ms(time_ms);
  std::string from;
  if (update.has_start()) {
    *job.mutable_start() = update.start();
    job.set_grant_epoch(update.start().grant_epoch());
    job.set_grant_next(update.start().grant_next());
    from = absl::StrCat(", from ", StartText(job), " at iteration ", update.start().iteration());
  }
  AddEvent(&job, time_ms, "SUBMITTED", absl::StrCat(update.spec().name(), from));
  return job;
}

absl::Status ApplyJobUpdate(const v1::Update& update, v1::JobRecord* job) {
  const int64_t time_ms = update.time_ms();
  switch (update.kind_case()) {
    case v1::Update::kJobStateChanged:
      return Apply(update.job_state_changed(), time_ms, job);
    case v1::Update::kTasksAssigned:
      return Apply(update.tasks_assigned(), time_ms, job);
    case v1::Update::kFactsRecorded:
      return Apply(update.facts_recorded(), time_ms, job);
    case v1::Update::kShardsPlaced:
      return Apply(update.shards_placed(), time_ms, job);
    case v1::Update::kGrantsMade:
      return Apply(update.grants_made(), job);
    case v1::Update::kRestoreFailed:
      return Apply(update.restore_failed(), time_ms, job);
    case v1::Update::kCheckpointRequested:
    case v1::Update::kCutOrdered:
    case v1::Update::kCutSealed:
    case v1::Update::kCutCommitted:
    case v1::Update::kCutAbandoned:
    case v1::Update::kParametersHashed:
      return ApplyCutUpdate(update, job);
    case v1::Update::kEvaluationDone:
    case v1::Update::kTrainingStopped:
      return ApplyEvalUpdate(update, job);
    case v1::Update::kFinalEvalDone:
      return Apply(update.final_eval_done(), time_ms, job);
    case v1::Update::kTaskExited:
      return Apply(update.task_exited(), time_ms, job);
    case v1::Update::kRankMoved:
      return Apply(update.rank_moved(), time_ms, job);
    case v1::Update::kCancelRequested:
      return Apply(update.cancel_requested(), time_ms, job);
    case v1::Update::kJobEnded:
      return Apply(update.job_ended(), time_ms, job);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("job ", job->job_id(), ": not an update of a job"));
  }
}

}  // namespace paceline::scheduler
