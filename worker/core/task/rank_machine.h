// The life of a rank, as decisions: what its task does next after each event.
//
//   prepare -> open -> { pull begin-evaluation? compute push }* -> finish -> rest -> exit
//
// Evaluations go on beside training, one at a time. Where one is due while another goes on,
// training waits under bsp, and elsewhere it is left out. Where evaluations may end training
// (under bsp), it goes beyond the next one only when the scheduler has taken in the one
// before, and does its last iteration only when all ranks know that it is the last.
//
// The machine does nothing itself: it answers each event with commands. Whoever
// runs them (the task process, the simulator) reports their outcome as events.
// Every command of a life with the servers carries an attempt; what belongs to an
// older attempt than the machine's is ignored, so late answers do no harm.
//
// Promises, whatever comes in whatever order:
//   * Compute(t + 1), from which frames of push t + 1 may leave, is given only
//     after PushAcked(t): every server has acknowledged all of push t.
//   * Iterations go on from the smallest progress that any server reports.
//   * A refusal is answered by what its kind asks for, never by blind repetition:
//       STALE_TIMELINE, STALE_EPOCH,      open again with the next map, or with
//       UNKNOWN_JOB, RANK_NOT_OPEN,       the present one after a back-off
//       OUT_OF_ORDER, NOT_YET at open
//       STALE_INCARNATION                 exit: another task plays the rank
//       all others                        exit with the cause; the job fails
//     NOT_YET of pulls and pushes is handled below the machine, by asking again.
//   * WaitReason() says at all times what the rank waits for.
#ifndef PACELINE_WORKER_CORE_TASK_RANK_MACHINE_H_
#define PACELINE_WORKER_CORE_TASK_RANK_MACHINE_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "proto/data.pb.h"
#include "proto/node.pb.h"

namespace paceline::worker {

// ---- Events ----

// The data is indexed and the model is made: facts can be reported.
struct Prepared {
  // This rank evaluates: rank 0 of a job with evaluation data.
  bool evaluates = false;
  // Evaluate before every multiple of this many iterations; 0: after training only.
  uint64_t eval_every = 0;
  // bsp: no evaluation is left out.
  bool rounds = false;
  // bsp, and evaluations may end training.
  bool ends_early = false;
};
// What the scheduler says of evaluations.
struct SchedulerHeard {
  // Evaluations of this timeline that it has taken in.
  uint64_t evals_seen = 0;
  // Training ends after so many iterations; 0: when the spec says. All ranks know.
  uint64_t last_iteration = 0;
  bool last_iteration_known = false;
};
// What the scheduler wants.
struct DesiredChanged {
  v1::SyncTaskResponse::Desired desired = v1::SyncTaskResponse::DESIRED_UNSPECIFIED;
};
// A shard map came that the rank did not have.
struct MapChanged {
  uint64_t timeline = 0;
  uint64_t epoch = 0;
  uint32_t servers = 0;
};
// Iterations [0, available) have batches; with `complete` there will be no more.
struct IterationsKnown {
  uint64_t available = 0;
  bool complete = false;
};
// OpenRank of one server succeeded.
struct Opened {
  uint64_t attempt = 0;
  uint32_t server = 0;
  uint64_t progress = 0;
  bool finished = false;
};
struct Pulled {
  uint64_t attempt = 0;
};
struct Computed {
  uint64_t attempt = 0;
};
// Every server has acknowledged every frame of the push.
struct PushAcked {
  uint64_t attempt = 0;
};
// Every server has acknowledged that the rank has no further iteration.
struct FinishAcked {
  uint64_t attempt = 0;
};
// The final evaluation is done.
struct Evaluated {
  uint64_t attempt = 0;
};
// What an evaluation during training reads is held, and training may go on. Without `beside`
// the evaluation is over, or was given up.
struct EvaluationBegun {
  uint64_t attempt = 0;
  bool beside = false;
};
// An evaluation during training is over. There are `evals` to report.
struct EvaluationEnded {
  uint64_t evals = 0;
};
// A server refused a call.
struct Refused {
  uint64_t attempt = 0;
  v1::Refusal::Kind kind = v1::Refusal::KIND_UNSPECIFIED;
  std::string message;
};
// A server could not be reached, and the retry budget is spent.
struct Unreachable {
  uint64_t attempt = 0;
  std::string message;
};
// The back-off of a RetryLater is over.
struct RetryDue {
  uint64_t attempt = 0;
};
// The scheduler has not answered for long, or does again. The rank parks at the
// end of its iteration.
struct SchedulerSilent {
  bool silent = false;
};
// The task itself cannot go on: data, model, memory.
struct TaskFailed {
  std::string cause;
};

using RankEvent =
    std::variant<Prepared, DesiredChanged, MapChanged, IterationsKnown, Opened, Pulled, Computed,
                 PushAcked, FinishAcked, Evaluated, EvaluationBegun, EvaluationEnded,
                 SchedulerHeard, Refused, Unreachable, RetryDue, SchedulerSilent, TaskFailed>;

// ---- Commands ----

struct RankCommand {
  enum class Kind {
    // Index the data, make the model.
    kPrepare,
    // Drop all calls, batches, gradients and buffers of earlier attempts.
    kAbandon,
    // Open the rank on all servers of the newest map.
    kOpen,
    kPull,
    // Compute the gradient; frames may leave as tables become ready.
    kCompute,
    // Send what has not left yet, and wait for all acknowledgements.
    kPush,
    // Tell all servers that the rank has no iteration `iteration`.
    kFinish,
    // `final`: evaluate the parameters, which are at rest. Else begin to evaluate those before
    // `iteration`.
    kEvaluate,
    // Report RetryDue after a back-off for failure number `failures`.
    kRetryLater,
    // Tell the scheduler at once.
    kSync,
    // End. `cause` is empty if all is well, else it fails the job.
    kExit,
  };
  Kind kind = Kind::kSync;
  uint64_t attempt = 0;
  uint64_t iteration = 0;
  bool final = false;
  uint64_t failures = 0;
  std::string cause;
  // kExit: another incarnation plays the rank; the job does not fail by this.
  bool fenced = false;

  friend bool operator==(const RankCommand&, const RankCommand&) = default;
};

// ---- The machine ----

// Thread-compatible.
class RankMachine {
 public:
  RankMachine() = default;

  // Takes an event; returns what to do, in this order.
  std::vector<RankCommand> Handle(const RankEvent& event);

  // Iterations pushed and acknowledged by all servers.
  uint64_t iteration() const { return iteration_; }
  uint64_t attempt() const { return attempt_; }
  // All servers have acknowledged the finish. A rollback takes it back.
  bool finished() const { return finished_; }
  bool final_eval_done() const { return final_eval_done_; }
  // Left out, because the one before still went on.
  uint64_t evals_skipped() const { return evals_skipped_; }
  // Empty while it computes.
  std::string WaitReason() const;

 private:
  enum class Phase {
    kIdle,
    kPreparing,
    kAwaitingMap,
    kOpening,
    kBackingOff,
    kParked,
    kAwaitingBatch,
    kHeld,
    kPulling,
    kBeginningEvaluation,
    kComputing,
    kPushing,
    kFinishing,
    kResting,
    kFinalEvaluating,
    kExited,
  };

  void On(const Prepared& event);
  void On(const DesiredChanged& event);
  void On(const MapChanged& event);
  void On(const IterationsKnown& event);
  void On(const Opened& event);
  void On(const Pulled& event);
  void On(const Computed& event);
  void On(const PushAcked& event);
  void On(const FinishAcked& event);
  void On(const Evaluated& event);
  void On(const EvaluationBegun& event);
  void On(const EvaluationEnded& event);
  void On(const SchedulerHeard& event);
  void On(const Refused& event);
  void On(const Unreachable& event);
  void On(const RetryDue& event);
  void On(const SchedulerSilent& event);
  void On(const TaskFailed& event);

  // The event belongs to what the machine waits for in `phase`.
  bool Current(uint64_t attempt, Phase phase) const;
  void Open();
  void BackOff(const std::string& why);
  void NextIteration();
  void Compute();
  // An evaluation before this iteration is to be made.
  bool EvaluationDue() const;
  // Why training waits before this iteration; empty: it does not.
  std::string Held() const;
  void Rest();
  void MaybeEvaluateFinal();
  void Exit(std::string cause, bool fenced);
  RankCommand& Give(RankCommand::Kind kind);

  std::vector<RankCommand> commands_;
  Phase phase_ = Phase::kIdle;
  v1::SyncTaskResponse::Desired desired_ = v1::SyncTaskResponse::DESIRED_UNSPECIFIED;
  Prepared prepared_;
  bool has_prepared_ = false;
  IterationsKnown known_;

  bool silent_ = false;

  bool has_map_ = false;
  MapChanged map_;

  uint64_t attempt_ = 0;
  uint64_t iteration_ = 0;
  // While opening: answers by server.
  std::vector<bool> opened_;
  uint32_t open_left_ = 0;
  uint64_t least_progress_ = 0;
  bool all_finished_ = false;
  bool finished_ = false;
  // Failures since the last success.
  uint64_t failures_ = 0;
  std::string trouble_;

  // Evaluations before this iteration and earlier ones have been made or begun.
  uint64_t evaluated_to_ = 0;
  // One goes on beside training.
  bool evaluating_ = false;
  uint64_t evals_ = 0;
  uint64_t evals_skipped_ = 0;
  SchedulerHeard heard_;
  bool final_eval_done_ = false;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_RANK_MACHINE_H_
