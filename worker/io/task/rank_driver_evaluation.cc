// Evaluations: during training, beside it, and at its end.
#include <algorithm>
#include <memory>
#include <utility>

#include "common/log.h"
#include "common/refusal/refusal.h"
#include "worker/io/task/rank_driver.h"

namespace paceline::worker {

// What evaluations say may end training, and all ranks end in the same round.
bool RankDriver::EndsEarly() const {
  return job_ != nullptr && job_->spec.consistency().policy() == v1::POLICY_BSP &&
         job_->spec.evaluation().patience() > 0;
}

void RankDriver::Hear(SchedulerHeard heard, uint64_t timeline) {
  if (job_ == nullptr) return;
  if (heard.last_iteration != 0 && last_iteration_ == 0) {
    last_iteration_ = heard.last_iteration;
    LogInfo(
        "training ends early",
        {{"job", options_.job_id}, {"rank", options_.rank}, {"last_iteration", last_iteration_}});
    {
      MutexLock lock(&selection_mu_);
      // By grants, a rank may be beyond: what it is about is done.
      const uint64_t least = selection_->uses_grants() ? machine_.iteration() + 1 : 0;
      selection_->StopAt(std::max(last_iteration_, least));
    }
    TellIterations();
    events_.sync();
  }
  // It was of evaluations that do not count any more.
  if (timeline != map_.timeline()) heard.evals_seen = 0;
  Handle(heard);
}

void RankDriver::StartEvaluator(uint64_t iteration, bool pinned, Evaluator::Events events) {
  Evaluator::Options options;
  options.loop = loop_;
  options.compute = evaluation_;
  options.job = job_.get();
  options.layout = layout_;
  options.client = client_;
  options.in_flight = options_.in_flight;
  options.context = Context(iteration);
  options.max_wait = options_.max_wait;
  ++evaluators_;
  if (pinned) options.pin_number = evaluators_;
  evaluator_ = std::make_unique<Evaluator>(std::move(options), std::move(events));
}

void RankDriver::AddEvaluation(uint64_t iteration, const v1::EvalResult& result) {
  v1::EvalPoint& point = evals_.emplace_back();
  point.set_iteration(iteration);
  *point.mutable_result() = result;
  LogInfo("evaluated", {{"job", options_.job_id},
                        {"rank", options_.rank},
                        {"iteration", iteration},
                        {"result", result.ShortDebugString()}});
  EndEvaluator();
}

// It may be in the middle of one of its own events.
void RankDriver::EndEvaluator() {
  beside_ = false;
  loop_->Post([held = std::shared_ptr<Evaluator>(std::move(evaluator_))] {});
}

void RankDriver::BeginEvaluation(uint64_t attempt, uint64_t iteration) {
  Evaluator::Events events;
  events.pinned = [this, attempt] {
    beside_ = true;
    Handle(EvaluationBegun{attempt, /*beside=*/true});
  };
  events.done = [this, iteration](const v1::EvalResult& result) {
    AddEvaluation(iteration, result);
    Handle(EvaluationEnded{evals_.size()});
  };
  events.refused = [this, attempt, iteration](const absl::Status& status) {
    EvaluationFailed(attempt, iteration, status);
  };
  events.unreachable = [this, attempt](const absl::Status& status) {
    if (!beside_) return Handle(Unreachable{attempt, std::string(status.message())});
    // The servers hold what it reads; the rank finds out by itself how they are.
    loop_->PostAfter(options_.reopen_backoff.most, [this, number = evaluators_] {
      if (number == evaluators_ && evaluator_ != nullptr) evaluator_->Again();
    });
  };
  events.failed = [this](const absl::Status& status) { Fail(status); };
  StartEvaluator(iteration, /*pinned=*/true, std::move(events));
}

void RankDriver::CountSkippedEvaluations() {
  if (machine_.evals_skipped() == evals_skipped_) return;
  if (evals_skipped_ == 0) {
    LogWarning("evaluation left out", {{"job", options_.job_id},
                                       {"iteration", machine_.iteration()},
                                       {"cause", "the one before still goes on; said once"}});
  }
  evals_skipped_ = machine_.evals_skipped();
}

// Of an evaluation during training.
void RankDriver::EvaluationFailed(uint64_t attempt, uint64_t iteration,
                                  const absl::Status& status) {
  const bool limit = RefusalKindOf(status) == v1::Refusal::LIMIT;
  if (!beside_ && !limit) return Refuse(attempt, status);
  const bool wait = !beside_ && job_->spec.consistency().policy() == v1::POLICY_BSP;
  LogWarning(wait ? "training waits for an evaluation" : "evaluation given up",
             {{"job", options_.job_id}, {"iteration", iteration}, {"cause", status.message()}});
  if (beside_) {
    EndEvaluator();
    return Handle(EvaluationEnded{evals_.size()});
  }
  EndEvaluator();
  if (!wait) return Handle(EvaluationBegun{attempt, /*beside=*/false});
  // The servers have no memory for what changes meanwhile. Without a push nothing does.
  Evaluator::Events events;
  events.done = [this, attempt, iteration](const v1::EvalResult& result) {
    AddEvaluation(iteration, result);
    Handle(EvaluationEnded{evals_.size()});
    Handle(EvaluationBegun{attempt, /*beside=*/false});
  };
  events.refused = [this, attempt](const absl::Status& cause) { Refuse(attempt, cause); };
  events.unreachable = [this, attempt](const absl::Status& cause) {
    Handle(Unreachable{attempt, std::string(cause.message())});
  };
  events.failed = [this](const absl::Status& cause) { Fail(cause); };
  StartEvaluator(iteration, /*pinned=*/false, std::move(events));
}

void RankDriver::EvaluateAtRest(uint64_t attempt, uint64_t iteration) {
  Evaluator::Events events;
  events.done = [this, attempt, iteration](const v1::EvalResult& result) {
    AddEvaluation(iteration, result);
    Handle(Evaluated{attempt});
  };
  events.refused = [this, attempt](const absl::Status& status) { Refuse(attempt, status); };
  events.unreachable = [this, attempt](const absl::Status& status) {
    Handle(Unreachable{attempt, std::string(status.message())});
  };
  events.failed = [this](const absl::Status& status) { Fail(status); };
  StartEvaluator(iteration, /*pinned=*/false, std::move(events));
}

// What one of the old map reads is gone; and where evaluations may end training, those of an
// abandoned timeline do not count.
void RankDriver::ForgetEvaluations(const v1::ShardMap& next) {
  if (next.timeline() == map_.timeline() && next.epoch() == map_.epoch()) return;
  if (beside_) EndEvaluator();
  if (next.timeline() == map_.timeline() || !EndsEarly()) return;
  evals_.clear();
  MutexLock lock(&report_mu_);
  report_.clear_evals();
}

}  // namespace paceline::worker
