// Carries out what ServerState decides: opens, closes, writes cuts.
//
// Shards are opened, and restored, on one thread and cuts written on another; a
// closed job's calls end at once, and its tables are freed with the last of them.
//
// Thread-safe; Heed is called by one thread at a time.
#ifndef PACELINE_SERVER_IO_ORDER_EXECUTOR_H_
#define PACELINE_SERVER_IO_ORDER_EXECUTOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/cut/held_cuts.h"
#include "common/fs.h"
#include "common/metrics/histogram.h"
#include "common/metrics/instruments.h"
#include "common/sync.h"
#include "proto/node.pb.h"
#include "server/core/job_cut.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/server_state.h"
#include "server/io/cut_writer.h"
#include "server/io/work_queue.h"

namespace paceline::server {

class OrderExecutor {
 public:
  struct Options {
    // All outlive the executor.
    const Clock* clock = nullptr;
    ServerState* state = nullptr;
    // Where cuts lie; with their file system.
    const HeldCuts* cuts = nullptr;
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

  struct Stats {
    // Time spent writing this server's part of a cut [seconds], of those that were written.
    metrics::Histogram cut_seconds{metrics::ExponentialBounds(0.01, 4, 8)};
    // Cuts that were not written, but for those that came too late for their round.
    metrics::Counter cuts_failed;
  };
  const Stats& stats() const { return stats_; }
  const WorkQueue& openings() const { return openings_; }
  const WorkQueue& cuts() const { return cuts_; }

 private:
  // A cut that is armed or being written.
  struct CutWork {
    CutWork(FileSystem* fs, std::unique_ptr<JobCut> cut) : writer(fs, std::move(cut)) {}
    // The thread of cuts_ alone.
    CutWriter writer;
    absl::Duration written_for;
    bool queued = false;
  };

  void Open(OpenCommand command, uint64_t node_id, uint64_t incarnation);
  void Close(CloseCommand command);
  void Cut(CutCommand command);
  // Queues what there is to write of the job's cut.
  void QueueCut(uint64_t job_id);
  void WriteCut(uint64_t job_id);
  void EndCut(const ServerJob& job, const v1::CutReport& report);

  const Options options_;
  Stats stats_;
  Mutex mu_;
  // By job id.
  std::map<uint64_t, std::shared_ptr<CutWork>> cut_work_ ABSL_GUARDED_BY(mu_);
  WorkQueue openings_;
  WorkQueue cuts_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_ORDER_EXECUTOR_H_
