// Carries out what ServerState decides: opens, closes, writes cuts.
//
// Shards are opened and cuts are written on threads of their own; a closed job's
// calls end at once, and its tables are freed with the last of them.
//
// Thread-safe; Heed is called by one thread at a time.
#ifndef PACELINE_SERVER_IO_ORDER_EXECUTOR_H_
#define PACELINE_SERVER_IO_ORDER_EXECUTOR_H_

#include <cstdint>
#include <functional>

#include "common/fs.h"
#include "proto/node.pb.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/server_state.h"
#include "server/io/work_queue.h"

namespace paceline::server {

class OrderExecutor {
 public:
  struct Options {
    // All outlive the executor.
    ServerState* state = nullptr;
    FileSystem* fs = nullptr;
    MemoryBudget* memory = nullptr;
    MemoryBudget* fold = nullptr;
    // ServerJob::Options::max_parked_pulls
    uint32_t max_parked_pulls = 4096;
    // Something that the scheduler should know has changed. Any thread.
    std::function<void()> changed;
  };

  explicit OrderExecutor(Options options);
  // Stops.
  ~OrderExecutor();

  // The scheduler's orders, and the identity that it knows this server by.
  void Heed(const v1::HeartbeatResponse& response);

  // Closes all jobs; ends what opens and what is being written, and joins.
  void Stop();

 private:
  void Open(OpenCommand command, uint64_t node_id, uint64_t incarnation);
  void Close(CloseCommand command);
  void Cut(CutCommand command);

  const Options options_;
  WorkQueue openings_;
  WorkQueue cuts_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_ORDER_EXECUTOR_H_
