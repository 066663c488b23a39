// Pulls dense tables for the next iteration while this one is still being pushed
// (worker/core/task/pull_ahead.h says which).
//
//   ahead.Begin(layout, client, header)    // an iteration's push begins; header: of the next
//   ahead.Ask(push)                        // a frame of the push leaves
//   needs = ahead.Take(parameters)         // the next iteration: what is left to pull
//   ahead.Await(done)                      // all that was asked for is there
//
// A table whose shards have all come is told of at once (Uploads), so that its rows can go on
// to a device. They stay as they are until the iteration that takes them has been computed,
// or, if none does, until the next Begin.
//
// What was pushed last is asked for first: of what a backward pass pushes, the next forward
// pass needs that first.
//
// Until Take the rows go to buffers of its own, since the rank may still be computing with
// the present ones: it costs a second copy of the dense tables.
//
// Owned by the event loop's thread.
#ifndef PACELINE_WORKER_IO_TASK_PULLS_AHEAD_H_
#define PACELINE_WORKER_IO_TASK_PULLS_AHEAD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/data.pb.h"
#include "worker/core/model.h"
#include "worker/core/task/in_flight.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"
#include "worker/core/task/shard_layout.h"
#include "worker/io/net/data_client.h"
#include "worker/io/net/event_loop.h"
#include "worker/io/task/frame_calls.h"

namespace paceline::worker {

class PullsAhead {
 public:
  // Called on the loop's thread.
  struct Uploads {
    // All rows of the table have come. It may give them a version, which goes with them, and
    // keep a pointer to the values as long as it is not handed their memory.
    std::function<void(uint32_t table, TableRows* rows)> came;
    // Memory that nobody fills any more, while what `came` was told of may still be read.
    std::function<void(std::shared_ptr<Parameters>)> left;
  };

  // What was asked for since Begin and has come. Monotonic times of the loop.
  struct Transfer {
    absl::Duration first_asked;
    absl::Duration last_came;
    uint64_t bytes = 0;
  };

  // `loop` outlives it. Of `events`, `drained` is its own, and `waiting` is kept quiet until
  // somebody awaits the rows.
  PullsAhead(EventLoop* loop, const InFlightOptions& options, FrameCalls::Events events,
             Uploads uploads, FrameLimits limits = {});

  // Forgets what was pulled for another iteration.
  void Begin(std::shared_ptr<const ShardLayout> layout, std::shared_ptr<DataClient> client,
             PullHeader header);
  // Asks for the shards that the frame carries, each once. Nothing happens before Begin.
  // Errors: those of PlanPull.
  absl::Status Ask(const v1::PushRequest& push);
  // Moves the rows that have come into `parameters`, which is shaped, and lets the others go
  // there. Returns what else is to be pulled: for each table, or empty: everything.
  std::vector<TableNeeds> Take(std::shared_ptr<Parameters> parameters);
  // Calls `done` once everything that was asked for has come, perhaps at once. Nothing more
  // is asked for before the next Begin.
  void Await(std::function<void()> done);
  // Also what Begin began. `done` is not called.
  void Abandon();

  // To be taken once all has come: bytes are 0 if nothing was asked for.
  Transfer TakeTransfer() { return std::exchange(transfer_, {}); }

  uint64_t calls_made() const { return calls_.calls_made(); }
  uint64_t calls_repeated() const { return calls_.calls_repeated(); }

 private:
  void Came(const PullFrame& frame);
  void Drained();
  // Nothing is asked for until the next Begin.
  void End();

  EventLoop* const loop_;
  FrameCalls calls_;
  const Uploads uploads_;
  const FrameLimits limits_;
  const std::function<void(const absl::Status&)> waiting_;
  std::function<void()> done_;
  // Why a server last said that it must wait.
  absl::Status why_;

  // Null: not begun.
  std::shared_ptr<const ShardLayout> layout_;
  std::shared_ptr<DataClient> client_;
  PullHeader header_;
  // By shard.
  std::vector<bool> asked_;
  // By table: shards that have not come.
  std::vector<size_t> missing_;
  Transfer transfer_;
  // Where rows go: the own buffers until Take.
  std::shared_ptr<Parameters> rows_;
  // Kept for the next iteration, with their memory.
  std::shared_ptr<Parameters> own_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_PULLS_AHEAD_H_
