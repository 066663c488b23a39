#include "worker/core/task/rank_machine.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace paceline::worker {

using Kind = RankCommand::Kind;

std::vector<RankCommand> RankMachine::Handle(const RankEvent& event) {
  commands_.clear();
  if (phase_ != Phase::kExited) {
    std::visit([this](const auto& e) { On(e); }, event);
  }
  return std::exchange(commands_, {});
}

RankCommand& RankMachine::Give(Kind kind) {
  RankCommand& command = commands_.emplace_back();
  command.kind = kind;
  command.attempt = attempt_;
  command.iteration = iteration_;
  return command;
}

bool RankMachine::Current(uint64_t attempt, Phase phase) const {
  return attempt == attempt_ && phase_ == phase;
}

void RankMachine::On(const DesiredChanged& event) {
  desired_ = event.desired;
  switch (desired_) {
    case v1::SyncTaskResponse::EXIT:
      Exit("", false);
      return;
    case v1::SyncTaskResponse::PREPARE:
    case v1::SyncTaskResponse::RUN:
    case v1::SyncTaskResponse::EVALUATE:
      break;
    default:
      return;
  }
  if (phase_ == Phase::kIdle) {
    phase_ = Phase::kPreparing;
    Give(Kind::kPrepare);
  } else if (phase_ == Phase::kAwaitingMap) {
    Open();
  } else if (phase_ == Phase::kResting) {
    MaybeEvaluateFinal();
  }
}

void RankMachine::On(const Prepared& event) {
  if (phase_ != Phase::kPreparing) return;
  prepared_ = event;
  has_prepared_ = true;
  phase_ = Phase::kAwaitingMap;
  Give(Kind::kSync);
  Open();
}

void RankMachine::On(const MapChanged& event) {
  if (has_map_ && event.timeline == map_.timeline && event.epoch == map_.epoch) return;
  if (event.timeline != map_.timeline) {
    finished_ = false;
    final_eval_done_ = false;
  }
  if (event.timeline != map_.timeline && prepared_.ends_early) {
    // Those that decide are made anew.
    evaluated_to_ = 0;
    evals_ = 0;
    heard_.evals_seen = 0;
  } else if (evaluating_) {
    // It is lost with what it read, but made anew where its iteration comes again.
    --evaluated_to_;
  }
  evaluating_ = false;
  has_map_ = true;
  map_ = event;
  if (!has_prepared_) return;
  failures_ = 0;
  Open();
}

// Opens the rank on every server, from whatever it was doing. Needs the facts
// reported, a map and the order to run.
void RankMachine::Open() {
  if (phase_ != Phase::kAwaitingMap && phase_ != Phase::kBackingOff) Give(Kind::kAbandon);
  ++attempt_;
  if (!has_map_ ||
      (desired_ != v1::SyncTaskResponse::RUN && desired_ != v1::SyncTaskResponse::EVALUATE)) {
    phase_ = Phase::kAwaitingMap;
    return;
  }
  phase_ = Phase::kOpening;
  opened_.assign(map_.servers, false);
  open_left_ = map_.servers;
  least_progress_ = std::numeric_limits<uint64_t>::max();
  all_finished_ = true;
  Give(Kind::kOpen);
}

void RankMachine::On(const Opened& event) {
  if (!Current(event.attempt, Phase::kOpening)) return;
  if (event.server >= opened_.size() || opened_[event.server]) return;
  opened_[event.server] = true;
  least_progress_ = std::min(least_progress_, event.progress);
  all_finished_ = all_finished_ && event.finished;
  if (--open_left_ > 0) return;
  iteration_ = least_progress_;
  finished_ = all_finished_;
  if (finished_) {
    Rest();
  } else {
    NextIteration();
  }
}

void RankMachine::Rest() {
  failures_ = 0;
  finished_ = true;
  phase_ = Phase::kResting;
  Give(Kind::kSync);
  MaybeEvaluateFinal();
}

void RankMachine::NextIteration() {
  if (silent_) {
    phase_ = Phase::kParked;
  } else if (iteration_ < known_.available) {
    if (!Held().empty()) {
      phase_ = Phase::kHeld;
      Give(Kind::kSync);
    } else {
      phase_ = Phase::kPulling;
      Give(Kind::kPull);
    }
  } else if (known_.complete) {
    phase_ = Phase::kFinishing;
    Give(Kind::kFinish);
  } else {
    phase_ = Phase::kAwaitingBatch;
    Give(Kind::kSync);
  }
}

bool RankMachine::EvaluationDue() const {
  return prepared_.evaluates && prepared_.eval_every > 0 && iteration_ > 0 &&
         iteration_ % prepared_.eval_every == 0 && iteration_ > evaluated_to_;
}

std::string RankMachine::Held() const {
  if (!prepared_.evaluates || !prepared_.rounds) return "";
  if (EvaluationDue()) {
    if (evaluating_) {
      return absl::StrCat("waits for the evaluation before iteration ", evaluated_to_);
    }
    if (prepared_.ends_early && heard_.evals_seen < evals_) {
      return "waits for the scheduler to take in an evaluation";
    }
  }
  if (heard_.last_iteration == iteration_ + 1 && !heard_.last_iteration_known) {
    return absl::StrCat("waits for all ranks to know that training ends after iteration ",
                        heard_.last_iteration);
  }
  return "";
}

void RankMachine::Compute() {
  phase_ = Phase::kComputing;
  Give(Kind::kCompute);
}

void RankMachine::On(const IterationsKnown& event) {
  known_ = event;
  if (phase_ == Phase::kAwaitingBatch && (iteration_ < known_.available || known_.complete)) {
    NextIteration();
  }
}

void RankMachine::On(const Pulled& event) {
  if (!Current(event.attempt, Phase::kPulling)) return;
  if (!EvaluationDue()) return Compute();
  if (evaluating_) {
    ++evals_skipped_;
    return Compute();
  }
  phase_ = Phase::kBeginningEvaluation;
  Give(Kind::kEvaluate);
}

void RankMachine::On(const Computed& event) {
  if (!Current(event.attempt, Phase::kComputing)) return;
  phase_ = Phase::kPushing;
  Give(Kind::kPush);
}

void RankMachine::On(const PushAcked& event) {
  if (!Current(event.attempt, Phase::kPushing)) return;
  failures_ = 0;
  ++iteration_;
  NextIteration();
}

void RankMachine::On(const FinishAcked& event) {
  if (Current(event.attempt, Phase::kFinishing)) Rest();
}

void RankMachine::MaybeEvaluateFinal() {
  if (desired_ != v1::SyncTaskResponse::EVALUATE || final_eval_done_ || evaluating_) return;
  if (!prepared_.evaluates) {
    final_eval_done_ = true;
    Give(Kind::kSync);
    return;
  }
  phase_ = Phase::kFinalEvaluating;
  Give(Kind::kEvaluate).final = true;
}

void RankMachine::On(const Evaluated& event) {
  if (!Current(event.attempt, Phase::kFinalEvaluating)) return;
  phase_ = Phase::kResting;
  final_eval_done_ = true;
  Give(Kind::kSync);
}

void RankMachine::On(const EvaluationBegun& event) {
  if (!Current(event.attempt, Phase::kBeginningEvaluation)) return;
  evaluated_to_ = iteration_;
  evaluating_ = event.beside;
  Compute();
}

void RankMachine::On(const EvaluationEnded& event) {
  evaluating_ = false;
  evals_ = event.evals;
  Give(Kind::kSync);
  if (phase_ == Phase::kHeld) {
    NextIteration();
  } else if (phase_ == Phase::kResting) {
    MaybeEvaluateFinal();
  }
}

void RankMachine::On(const SchedulerHeard& event) {
  heard_ = event;
  if (phase_ == Phase::kHeld && Held().empty()) NextIteration();
}

void RankMachine::On(const Refused& event) {
  if (event.attempt != attempt_) return;
  switch (event.kind) {
    case v1::Refusal::STALE_TIMELINE:
    case v1::Refusal::STALE_EPOCH:
    case v1::Refusal::UNKNOWN_JOB:
    case v1::Refusal::RANK_NOT_OPEN:
    case v1::Refusal::OUT_OF_ORDER:
    case v1::Refusal::NOT_YET:
      BackOff(event.message);
      return;
    case v1::Refusal::STALE_INCARNATION:
      Exit(event.message, true);
      return;
    default:
      Exit(event.message, false);
      return;
  }
}

void RankMachine::On(const Unreachable& event) {
  if (event.attempt == attempt_) BackOff(event.message);
}

void RankMachine::BackOff(const std::string& why) {
  if (phase_ == Phase::kBackingOff || phase_ == Phase::kAwaitingMap) return;
  trouble_ = why;
  ++failures_;
  Give(Kind::kAbandon);
  ++attempt_;
  phase_ = Phase::kBackingOff;
  Give(Kind::kRetryLater).failures = failures_;
  Give(Kind::kSync);
}

void RankMachine::On(const RetryDue& event) {
  if (!Current(event.attempt, Phase::kBackingOff)) return;
  Open();
}

void RankMachine::On(const SchedulerSilent& event) {
  silent_ = event.silent;
  if (!silent_ && phase_ == Phase::kParked) NextIteration();
}

void RankMachine::On(const TaskFailed& event) { Exit(event.cause, false); }

void RankMachine::Exit(std::string cause, bool fenced) {
  phase_ = Phase::kExited;
  Give(Kind::kAbandon);
  ++attempt_;
  RankCommand& exit = Give(Kind::kExit);
  exit.cause = std::move(cause);
  exit.fenced = fenced;
}

std::string RankMachine::WaitReason() const {
  switch (phase_) {
    case Phase::kIdle:
      return "waits for the job's spec";
    case Phase::kPreparing:
      return "indexes its data";
    case Phase::kAwaitingMap:
      return "waits for the shard map";
    case Phase::kOpening:
      return absl::StrCat(
          "opens its rank: ", open_left_, " of ", opened_.size(), " servers have not answered",
          trouble_.empty() || failures_ == 0 ? "" : " after ", failures_ == 0 ? "" : trouble_);
    case Phase::kBackingOff:
      return trouble_;
    case Phase::kParked:
      return "is parked: the scheduler does not answer";
    case Phase::kAwaitingBatch:
      return absl::StrCat("waits for a grant of records for iteration ", iteration_);
    case Phase::kHeld:
      return Held();
    case Phase::kBeginningEvaluation:
    case Phase::kFinalEvaluating:
      return "evaluates";
    case Phase::kFinishing:
      return "tells the servers that it has finished";
    case Phase::kResting:
      return "has finished; waits for the other ranks";
    case Phase::kPulling:
    case Phase::kComputing:
    case Phase::kPushing:
    case Phase::kExited:
      return "";
  }
  return "";
}

}  // namespace paceline::worker
