#include "scheduler/core/lifecycle/cuts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/spec/flush_schedule.h"
#include "scheduler/core/lifecycle/cut_flight.h"
#include "scheduler/core/nodes/drain.h"
#include "scheduler/core/ranks/progress.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

// Rounds between what was last heard and the round that a cut is armed for; four
// times as many after each cut that was missed.
uint64_t Lead(const v1::JobRecord& job) {
  return uint64_t{2} << std::min<uint32_t>(2 * job.cuts_missed(), 30);
}

// The furthest that any rank is known to be.
uint64_t Front(const View& view, const v1::JobRecord& job) {
  uint64_t front = 0;
  for (const v1::ShardServer& server : job.map().servers()) {
    const v1::ServerJobReport* report =
        view.seen.FindServerJob(server.node_id(), server.incarnation(), job.job_id());
    if (report == nullptr || report->timeline() != job.map().timeline()) continue;
    for (const uint64_t iterations : report->progress()) front = std::max(front, iterations);
  }
  for (const RankProgress& rank : ProgressOf(view, job)) front = std::max(front, rank.iterations);
  return front;
}

uint64_t Slowest(const View& view, const v1::JobRecord& job) {
  const std::vector<RankProgress> ranks = ProgressOf(view, job);
  if (ranks.empty()) return 0;
  return std::min_element(ranks.begin(), ranks.end(),
                          [](const auto& a, const auto& b) { return a.iterations < b.iterations; })
      ->iterations;
}

bool SecondsPassed(const View& view, const v1::JobRecord& job) {
  const double every = job.spec().checkpoint().every_seconds();
  return every > 0 && view.seen.SinceCut(job.job_id(), view.now.monotonic) >= absl::Seconds(every);
}

// The last attempt failed a moment ago.
bool Pausing(const View& view, const v1::JobRecord& job) {
  return !job.cut().abandoned().empty() && job.cuts_missed() == 0 &&
         view.seen.SinceCut(job.job_id(), view.now.monotonic) < view.options.cut_retry;
}

// A cut as soon as may be.
void PlanSoon(const View& view, const v1::JobRecord& job, bool drain, Decisions* out) {
  const bool bsp = job.spec().consistency().policy() == v1::POLICY_BSP;
  if (!bsp) {
    if (!CutInFlight(job)) OrderCut(view, job, 0, drain, out);
    return;
  }
  const uint64_t front = Front(view, job);
  const uint64_t total = ExpectedIterations(job);
  uint64_t round = FlushSchedule(job.spec()).CutRound(front + Lead(job));
  if (total > 0) {
    // The final cut is about to come.
    if (front >= total) return;
    round = std::min(round, total);
  }
  // One that is armed far ahead makes way.
  if (CutInFlight(job) && job.cut().round() <= round) return;
  OrderCut(view, job, round, drain, out);
}

void PlanEveryIterations(const View& view, const v1::JobRecord& job, Decisions* out) {
  const uint64_t every = job.spec().checkpoint().every_iterations();
  if (every == 0 || CutInFlight(job)) return;
  if (job.spec().consistency().policy() != v1::POLICY_BSP) {
    const uint64_t last = job.cuts().empty() ? 0 : job.cuts().rbegin()->iteration();
    if (Slowest(view, job) / every > last / every) OrderCut(view, job, 0, false, out);
    return;
  }
  const uint64_t earliest = Front(view, job) + (job.cuts_missed() == 0 ? 1 : Lead(job));
  const uint64_t round = (earliest + every - 1) / every * every;
  const uint64_t total = ExpectedIterations(job);
  // After the last round there is the final cut.
  if (total == 0 || round < total) OrderCut(view, job, round, false, out);
}

}  // namespace

void PlanCuts(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (job.state() != v1::JOB_STATE_RUNNING) return;
  PlanCutFlight(view, job, out);
  if (!out->empty()) return;
  if (ServerToLeave(view, job) != nullptr && !DrainCutTaken(job)) {
    if (!CutInFlight(job) || !job.cut().drain()) PlanSoon(view, job, /*drain=*/true, out);
    return;
  }
  if (Pausing(view, job)) return;
  if (job.wanted_cut() != 0 || SecondsPassed(view, job)) {
    PlanSoon(view, job, /*drain=*/false, out);
  } else {
    PlanEveryIterations(view, job, out);
  }
}

absl::Status PlanCheckpoint(const View& view, const v1::CheckpointJobRequest& request,
                            v1::CheckpointJobResponse* response, Decisions* out) {
  const v1::JobRecord* job = view.state.FindJob(request.job_id());
  if (job == nullptr) {
    return absl::NotFoundError(absl::StrCat("job ", request.job_id(), " does not exist"));
  }
  if (job->state() != v1::JOB_STATE_RUNNING) {
    return absl::FailedPreconditionError(absl::StrCat("job ", request.job_id(), " is ",
                                                      JobStateWord(job->state()),
                                                      "; a cut can be taken of a running one"));
  }
  response->set_cut_id(job->last_cut_id() + 1);
  v1::CheckpointRequested* requested = out->Add(view.now).mutable_checkpoint_requested();
  requested->set_job_id(request.job_id());
  requested->set_request_id(request.request_id());
  return absl::OkStatus();
}

}  // namespace paceline::scheduler
