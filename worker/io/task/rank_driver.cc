// Commands, opening and the report. Iterations: rank_driver_steps.cc and
// rank_driver_pulls.cc; evaluations: rank_driver_evaluation.cc.
#include "worker/io/task/rank_driver.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/refusal/refusal.h"
#include "worker/io/task/rank_driver_step.h"

namespace paceline::worker {
RankDriver::RankDriver(RankDriverOptions options, EventLoop* loop, EventLoop* compute,
                       EventLoop* evaluation, Events events)
    : options_(std::move(options)),
      loop_(loop),
      compute_(compute),
      evaluation_(evaluation),
      events_(std::move(events)),
      calls_(loop, options_.in_flight, CallEvents()),
      ahead_(loop, options_.in_flight, CallEvents(), AheadUploads()),
      parameters_(std::make_shared<Parameters>()) {}

RankDriver::~RankDriver() = default;

FrameCalls::Events RankDriver::CallEvents() {
  return {.drained = [this] { std::exchange(when_drained_, nullptr)(); },
          .refused = [this](const absl::Status& s) { Refuse(machine_.attempt(), s); },
          .unreachable =
              [this](const absl::Status& s) {
                Handle(Unreachable{machine_.attempt(), std::string(s.message())});
              },
          .waiting =
              [this](const absl::Status& s) {
                parked_ = std::string(s.message());
                UpdateReport();
              }};
}

void RankDriver::StopReading() {
  MutexLock lock(&selection_mu_);
  if (prefetcher_ != nullptr) prefetcher_->Stop();
}

void RankDriver::Handle(const RankEvent& event) {
  waiting_events_.push_back(event);
  if (handling_) return;
  handling_ = true;
  while (!waiting_events_.empty()) {
    const RankEvent next = std::move(waiting_events_.front());
    waiting_events_.erase(waiting_events_.begin());
    const std::vector<RankCommand> commands = machine_.Handle(next);
    UpdateReport();
    CountSkippedEvaluations();
    for (const RankCommand& command : commands) Run(command);
  }
  handling_ = false;
}

void RankDriver::Run(const RankCommand& command) {
  switch (command.kind) {
    case RankCommand::Kind::kPrepare:
      return events_.prepare();
    case RankCommand::Kind::kAbandon:
      return Abandon();
    case RankCommand::Kind::kOpen:
      return Open(command.attempt);
    case RankCommand::Kind::kPull:
      return ReadBatch(command.attempt, command.iteration);
    case RankCommand::Kind::kCompute:
      return Compute(command.attempt);
    case RankCommand::Kind::kPush:
      return FinishPush(command.attempt);
    case RankCommand::Kind::kFinish:
      return SendFinish(command.attempt, command.iteration);
    case RankCommand::Kind::kEvaluate:
      return command.final ? EvaluateAtRest(command.attempt, command.iteration)
                           : BeginEvaluation(command.attempt, command.iteration);
    case RankCommand::Kind::kRetryLater:
      return RetryLater(command.attempt, command.failures);
    case RankCommand::Kind::kSync:
      return events_.sync();
    case RankCommand::Kind::kExit:
      return events_.exit(command.cause, command.fenced);
  }
}

void RankDriver::SetJob(std::unique_ptr<TaskJob> job, uint32_t ranks) {
  job_ = std::move(job);
  ranks_ = ranks;
  {
    MutexLock lock(&selection_mu_);
    selection_ =
        std::make_unique<BatchSelection>(job_->spec, options_.rank, ranks, job_->facts.records());
    if (job_->train != nullptr) {
      bad_records_ = job_->train->bad_records();
      PrefetcherOptions prefetch;
      prefetch.dataset = job_->train.get();
      prefetch.rank = options_.rank;
      prefetch.records = [this](uint64_t iteration) -> std::optional<std::vector<uint64_t>> {
        std::optional<IterationBatch> batch;
        {
          MutexLock inner(&selection_mu_);
          batch = selection_->At(iteration);
        }
        if (!batch.has_value()) return std::nullopt;
        return job_->order->Records(batch->share);
      };
      prefetch.prepare = [this](Batch* batch) {
        return batch->size() == 0 ? absl::OkStatus() : job_->runner->Stage(batch);
      };
      prefetch.trace = {job_->tracer, loop_->clock()};
      prefetcher_ = Prefetcher::Start(std::move(prefetch));
    }
  }
  TellIterations();
  Prepared prepared;
  prepared.evaluates = options_.rank == 0 && job_->eval != nullptr;
  prepared.eval_every = job_->spec.train().eval_every_iterations();
  prepared.rounds = job_->spec.consistency().policy() == v1::POLICY_BSP;
  prepared.ends_early = EndsEarly();
  Handle(prepared);
}

void RankDriver::SetMap(const v1::ShardMap& map) {
  ForgetEvaluations(map);
  map_ = map;
  // What was said of other servers, or of other lives of these, is over.
  if (client_reach_ != nullptr) client_reach_->Forget();
  Handle(MapChanged{map.timeline(), map.epoch(), static_cast<uint32_t>(map.servers_size())});
}

void RankDriver::AddGrants(absl::Span<const v1::Grant> grants, bool complete) {
  if (job_ == nullptr) return;
  absl::Status added;
  {
    MutexLock lock(&selection_mu_);
    // A reply that says that grants are complete before the job runs says nothing.
    if (!selection_->uses_grants()) return;
    added = selection_->AddGrants(grants, complete);
  }
  if (!added.ok()) return Fail(added);
  TellIterations();
}

void RankDriver::TellIterations() {
  IterationsKnown known;
  {
    MutexLock lock(&selection_mu_);
    known = {selection_->available(), selection_->complete()};
  }
  Handle(known);
}

void RankDriver::Abandon() {
  calls_.Abandon();
  ahead_.Abandon();
  when_drained_ = nullptr;
  push_.reset();
  step_.reset();
  if (!beside_) EndEvaluator();
  if (client_ != nullptr) client_->CancelAll();
  if (cache_ != nullptr) cache_hits_ += cache_->hits();
  cache_.reset();
  delta_states_.reset();
  LeaveToCompute(std::exchange(parameters_, std::make_shared<Parameters>()));
  parked_.clear();
}

v1::RequestContext RankDriver::Context(uint64_t iteration) const {
  v1::RequestContext context;
  context.set_job_id(options_.job_id);
  context.set_timeline(map_.timeline());
  context.set_epoch(map_.epoch());
  context.set_rank(options_.rank);
  context.set_incarnation(options_.incarnation);
  context.set_iteration(iteration);
  return context;
}

void RankDriver::Open(uint64_t attempt) {
  absl::StatusOr<ShardLayout> layout = ShardLayout::Create(map_, job_->model->tables());
  if (!layout.ok()) return Fail(layout.status());
  layout_ = std::make_shared<const ShardLayout>(*std::move(layout));
  std::vector<std::string> addresses;
  for (const v1::ShardServer& server : map_.servers()) addresses.push_back(server.address());
  if (client_ == nullptr || addresses != addresses_) {
    client_reach_ = std::make_shared<ServerReach>(static_cast<uint32_t>(map_.servers_size()),
                                                  [loop = loop_] { return loop->Now(); });
    client_ = WatchDataClient(options_.data_client(addresses), client_reach_);
    addresses_ = std::move(addresses);
  }
  {
    MutexLock lock(&report_mu_);
    reach_ = client_reach_;
    servers_.assign(map_.servers().begin(), map_.servers().end());
  }
  delta_states_ = std::make_unique<DeltaStates>(layout_->shard_count());
  if (job_->spec.consistency().policy() == v1::POLICY_SSP) {
    cache_ = std::make_unique<SspCache>(
        layout_.get(), SspCacheOptions{job_->spec.consistency().staleness(), options_.cache_bytes});
  }
  for (uint32_t server = 0; server < layout_->servers(); ++server) {
    client_->OpenRank(
        server, Context(0), options_.open_timeout,
        [this, attempt, server](absl::StatusOr<v1::OpenRankResponse> response) {
          loop_->Post([this, attempt, server, response = std::move(response)] {
            if (response.ok()) {
              Handle(Opened{attempt, server, response->progress(), response->finished()});
            } else if (RefusalKindOf(response.status()) != v1::Refusal::KIND_UNSPECIFIED) {
              Refuse(attempt, response.status());
            } else {
              Handle(Unreachable{
                  attempt, absl::StrCat("server ", map_.servers(static_cast<int>(server)).address(),
                                        ": ", response.status().message())});
            }
          });
        });
  }
}

void RankDriver::RetryLater(uint64_t attempt, uint64_t failures) {
  loop_->PostAfter(Backoff(options_.reopen_backoff, options_.in_flight.seed, failures),
                   [this, attempt] { Handle(RetryDue{attempt}); });
}

void RankDriver::Refuse(uint64_t attempt, const absl::Status& status) {
  const v1::Refusal::Kind kind = RefusalKindOf(status);
  LogInfo("refused by a server", {{"job", options_.job_id},
                                  {"rank", options_.rank},
                                  {"iteration", machine_.iteration()},
                                  {"kind", v1::Refusal::Kind_Name(kind)},
                                  {"cause", status.message()}});
  Handle(Refused{attempt, kind, std::string(status.message())});
}

void RankDriver::Fail(const absl::Status& status) {
  Handle(TaskFailed{std::string(status.message())});
}

void RankDriver::UpdateReport() {
  const absl::Duration now = loop_->Now();
  MutexLock lock(&report_mu_);
  v1::TaskProgress* progress = report_.mutable_progress();
  progress->set_iteration(machine_.iteration());
  progress->set_samples(meter_.samples());
  progress->set_loss_sum(meter_.loss().sum);
  progress->set_loss_count(static_cast<double>(meter_.loss().count));
  progress->set_wait_reason(parked_.empty() ? machine_.WaitReason() : parked_);
  progress->set_finished(machine_.finished());
  progress->set_recent_loss(meter_.RecentLoss(machine_.finished()));
  progress->set_samples_per_second(meter_.SamplesPerSecond(now));
  progress->set_skipped_iterations(skipped_iterations_);
  progress->set_calls(calls_.calls_made() + ahead_.calls_made());
  progress->set_calls_repeated(calls_.calls_repeated() + ahead_.calls_repeated());
  progress->set_cache_hits(cache_hits_ + (cache_ == nullptr ? 0 : cache_->hits()));
  report_.set_timeline(map_.timeline());
  report_.set_epoch(map_.epoch());
  report_.set_final_eval_done(machine_.final_eval_done());
  report_.set_last_iteration(last_iteration_);
  while (report_.evals_size() < static_cast<int>(evals_.size())) {
    *report_.add_evals() = evals_[report_.evals_size()];
  }
  if (job_ == nullptr) return;
  progress->set_bad_records(bad_records_);
  MutexLock selection_lock(&selection_mu_);
  if (selection_ == nullptr) return;
  report_.set_grants_held(selection_->grants_held());
  report_.set_iterations_wanted(
      machine_.finished()
          ? 0
          : selection_->IterationsWanted(machine_.iteration(), meter_.IterationsPerSecond(now)));
}

void RankDriver::FillReport(v1::SyncTaskRequest* report) const {
  MutexLock lock(&report_mu_);
  report->MergeFrom(report_);
  step_times_.Fill(report->mutable_progress());
  if (reach_ == nullptr) return;
  for (const Reachability::Unreachable& unreachable : reach_->Find()) {
    const v1::ShardServer& server = servers_[unreachable.server];
    v1::UnreachableServer* entry = report->add_unreachable();
    entry->set_node_id(server.node_id());
    entry->set_incarnation(server.incarnation());
    entry->set_for_ms(static_cast<uint64_t>(absl::ToInt64Milliseconds(unreachable.time)));
    entry->set_cause(unreachable.cause);
  }
}

}  // namespace paceline::worker
