// Carries out what the rank's machine decides: opens, pulls, computes, pushes and
// evaluates, and reports the outcome back to it.
//
//            event loop (one thread)                 compute loop (one thread)
//   kPull    wait for the batch  <------------------ next batch and its keys
//            frames out, rows scattered in
//   kCompute                     ------------------> gradient
//            frames of table k   <------------------ ready(k)
//            and behind each the pull of its shards for the next iteration
//            rows of table k are there ---------> upload to the device
//   kPush    last frames out, all acknowledged
//
// Evaluations during training read a pinned state and compute on a third loop, at a low
// priority, by a runner of their own (rank_driver_evaluation.cc).
//
// Buffers that the compute loop may still use when an attempt is abandoned are
// left to it and replaced.
//
// Owned by the event loop's thread, except where said.
#ifndef PACELINE_WORKER_IO_TASK_RANK_DRIVER_H_
#define PACELINE_WORKER_IO_TASK_RANK_DRIVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/sync.h"
#include "proto/node.pb.h"
#include "worker/core/task/auto_codec.h"
#include "worker/core/task/batch_selection.h"
#include "worker/core/task/delta_states.h"
#include "worker/core/task/progress_meter.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"
#include "worker/core/task/rank_machine.h"
#include "worker/core/task/residuals.h"
#include "worker/core/task/shard_layout.h"
#include "worker/core/task/ssp_cache.h"
#include "worker/core/task/step_times.h"
#include "worker/core/trace/tracer.h"
#include "worker/io/data/prefetcher.h"
#include "worker/io/net/data_client.h"
#include "worker/io/net/event_loop.h"
#include "worker/io/net/watched_data_client.h"
#include "worker/io/task/evaluator.h"
#include "worker/io/task/frame_calls.h"
#include "worker/io/task/pulls_ahead.h"
#include "worker/io/task/task_job.h"

namespace paceline::worker {

struct RankDriverOptions {
  uint64_t job_id = 0;
  uint32_t rank = 0;
  uint64_t incarnation = 0;
  DataClientFactory data_client;
  // Longest wait of a pull at a server before it says why it waits.
  absl::Duration max_wait = absl::Seconds(1);
  // Of OpenRank.
  absl::Duration open_timeout = absl::Seconds(10);
  InFlightOptions in_flight;
  BackoffOptions reopen_backoff;
  // Copies of sparse rows under SSP.
  uint64_t cache_bytes = uint64_t{256} << 20;
};

class RankDriver {
 public:
  struct Events {
    // Index the data: answer with SetJob or Handle(TaskFailed).
    std::function<void()> prepare;
    // The report has changed in a way that the scheduler should hear at once.
    std::function<void()> sync;
    std::function<void(const std::string& cause, bool fenced)> exit;
  };

  // Loops outlive the driver and must have stopped when it is deleted.
  RankDriver(RankDriverOptions options, EventLoop* loop, EventLoop* compute, EventLoop* evaluation,
             Events events);
  ~RankDriver();
  RankDriver(const RankDriver&) = delete;
  RankDriver& operator=(const RankDriver&) = delete;

  // Ends waits of the compute loop, for its Stop. Thread-safe.
  void StopReading();

  void Handle(const RankEvent& event);
  // The data and the model, once; the driver's until its end.
  void SetJob(std::unique_ptr<TaskJob> job, uint32_t ranks);
  void SetMap(const v1::ShardMap& map);
  void AddGrants(absl::Span<const v1::Grant> grants, bool complete);
  // What the scheduler answered to a report of `timeline`.
  void Hear(SchedulerHeard heard, uint64_t timeline);

  // Everything the scheduler is told of the rank but its facts and errors. Thread-safe.
  void FillReport(v1::SyncTaskRequest* report) const;

 private:
  // One iteration's buffers, shared with the compute loop.
  struct Step;

  void Run(const RankCommand& command);
  void Abandon();
  void Open(uint64_t attempt);
  void ReadBatch(uint64_t attempt, uint64_t iteration);
  void PullRows(uint64_t attempt);
  void NameRows(absl::Span<const TableNeeds> needs);
  void RowsCame(absl::Duration drained);
  PullHeader Header(uint64_t iteration) const;
  bool PullsNextAhead(uint64_t iteration) const;
  void BeginResiduals(uint64_t iteration);
  void ChooseCodecs(const Step& step);
  void ChooseCodec(const char* direction, uint64_t iteration, uint64_t bytes,
                   absl::Duration transfer, absl::Duration compute, AutoCodec* codec);
  void Compute(uint64_t attempt);
  absl::Status ComputeStep(Step* step);
  void AddTable(uint64_t attempt, const std::shared_ptr<Step>& step, uint32_t table);
  void AddRemains(uint32_t table);
  void AddPush(PushFrame frame);
  void Computed(uint64_t attempt, const std::shared_ptr<Step>& step, const absl::Status& status);
  void FinishPush(uint64_t attempt);
  void SendFinish(uint64_t attempt, uint64_t iteration);
  void PushAcked(uint64_t attempt);
  void BeginEvaluation(uint64_t attempt, uint64_t iteration);
  void EvaluateAtRest(uint64_t attempt, uint64_t iteration);
  void StartEvaluator(uint64_t iteration, bool pinned, Evaluator::Events events);
  void EvaluationFailed(uint64_t attempt, uint64_t iteration, const absl::Status& status);
  void AddEvaluation(uint64_t iteration, const v1::EvalResult& result);
  void EndEvaluator();
  void CountSkippedEvaluations();
  void ForgetEvaluations(const v1::ShardMap& next);
  bool EndsEarly() const;
  void RetryLater(uint64_t attempt, uint64_t failures);
  void Refuse(uint64_t attempt, const absl::Status& status);
  void Fail(const absl::Status& status);
  FrameCalls::Events CallEvents();
  PullsAhead::Uploads AheadUploads();
  void Upload(uint32_t table, TableRows* rows);
  void LeaveToCompute(std::shared_ptr<Parameters> rows);
  void AddSpan(TraceTrack track, absl::string_view name, uint64_t iteration, absl::Duration begin,
               absl::Duration end, uint64_t bytes = 0);
  std::shared_ptr<Gradients> TakeGradients();
  v1::RequestContext Context(uint64_t iteration) const;
  void TellIterations();
  void UpdateReport();

  const RankDriverOptions options_;
  EventLoop* const loop_;
  EventLoop* const compute_;
  EventLoop* const evaluation_;
  const Events events_;
  RankMachine machine_;
  // Commands are run to the end before the next event is taken.
  bool handling_ = false;
  std::vector<RankEvent> waiting_events_;

  std::unique_ptr<TaskJob> job_;
  uint32_t ranks_ = 0;
  // Read by the prefetcher's thread, too.
  mutable Mutex selection_mu_;
  std::unique_ptr<BatchSelection> selection_ ABSL_GUARDED_BY(selection_mu_);
  std::unique_ptr<Prefetcher> prefetcher_;

  v1::ShardMap map_;
  std::shared_ptr<const ShardLayout> layout_;
  std::shared_ptr<DataClient> client_;
  // Of client_.
  std::shared_ptr<ServerReach> client_reach_;
  std::vector<std::string> addresses_;

  // Of the current attempt.
  FrameCalls calls_;
  PullsAhead ahead_;
  std::function<void()> when_drained_;
  std::shared_ptr<Parameters> parameters_;
  std::unique_ptr<SspCache> cache_;
  // Of parameters_.
  std::unique_ptr<DeltaStates> delta_states_;
  std::shared_ptr<Step> step_;
  std::unique_ptr<PushPlan> push_;
  std::vector<std::shared_ptr<Gradients>> gradients_;

  // Outlive attempts.
  std::unique_ptr<Evaluator> evaluator_;
  // It goes on beside training, until the next map.
  bool beside_ = false;
  uint64_t evaluators_ = 0;
  uint64_t evals_skipped_ = 0;
  // Training ends after so many iterations, as the scheduler said; 0: when the spec says.
  uint64_t last_iteration_ = 0;
  uint64_t last_version_ = 0;
  Residuals residuals_;
  AutoCodec auto_push_;
  AutoCodec auto_pull_;
  ProgressMeter meter_;
  std::string parked_;
  uint64_t cache_hits_ = 0;
  uint64_t skipped_iterations_ = 0;
  uint64_t bad_records_ = 0;
  std::vector<v1::EvalPoint> evals_;
  mutable Mutex report_mu_;
  v1::SyncTaskRequest report_ ABSL_GUARDED_BY(report_mu_);
  StepTimes step_times_ ABSL_GUARDED_BY(report_mu_);
  // The servers of the map that is open, and whether they answer. Null before.
  std::shared_ptr<const ServerReach> reach_ ABSL_GUARDED_BY(report_mu_);
  std::vector<v1::ShardServer> servers_ ABSL_GUARDED_BY(report_mu_);
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_RANK_DRIVER_H_
