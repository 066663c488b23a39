// Does the scheduler's work with the files of cuts, on a thread of its own.
//
// Thread-safe. Owns its thread.
#ifndef PACELINE_SCHEDULER_IO_CUT_WORKER_H_
#define PACELINE_SCHEDULER_IO_CUT_WORKER_H_

#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "common/cut/held_cuts.h"
#include "common/sync.h"
#include "scheduler/core/state/decisions.h"

namespace paceline::scheduler {

class CutWorker {
 public:
  // Called on the worker's thread with the command and its result: the XXH3 of the
  // manifest, or parameters_sha256. Not called for work that Stop interrupted.
  using Done = std::function<void(const Command&, const absl::StatusOr<std::string>&)>;

  // `cuts` outlives the worker.
  CutWorker(const HeldCuts* cuts, Done done);
  // Stops.
  ~CutWorker();

  // Queues a command; one at a time is worked on, in order. The queue is as long as
  // there are jobs at their end. No effect after Stop.
  void Add(Command command);

  // Gives up what is queued and in work, and joins. May be called twice, not from `done`.
  void Stop();

 private:
  void Run();
  absl::StatusOr<std::string> Execute(const Command& command);
  bool stopped() const;

  const HeldCuts* const cuts_;
  const Done done_;
  mutable Mutex mu_;
  CondVar changed_;
  std::deque<Command> queue_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_CUT_WORKER_H_
