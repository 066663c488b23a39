#include "scheduler/core/ranks/grants.h"

#include <algorithm>
#include <limits>

#include "absl/numeric/int128.h"
#include "common/partition/grants.h"
#include "common/partition/shares.h"

namespace paceline::scheduler {
namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

uint64_t BatchOf(const v1::JobRecord& job, uint32_t rank) {
  return NominalBatch(job.spec().train().global_batch(), rank,
                      static_cast<uint32_t>(job.ranks_size()));
}

// Positions of all epochs that nobody has; kUnlimited if epochs are not limited.
uint64_t RemainingPositions(const v1::JobRecord& job) {
  const uint64_t epochs = job.spec().train().epochs();
  if (epochs == 0) return kUnlimited;
  if (job.grant_epoch() >= epochs) return 0;
  const absl::uint128 remaining =
      absl::uint128(epochs - job.grant_epoch()) * job.facts().records() - job.grant_next();
  return remaining > kUnlimited - 1 ? kUnlimited - 1 : absl::Uint128Low64(remaining);
}

// Iterations that a rank may hold beyond what it has pushed.
uint64_t MayHoldAhead(uint64_t remaining, uint64_t batch, uint64_t ranks) {
  if (remaining == kUnlimited) return kUnlimited;
  return std::max(kLeastAhead, remaining / batch / (2 * ranks));
}

}  // namespace

bool UsesGrants(const v1::JobRecord& job) {
  return job.spec().consistency().policy() != v1::POLICY_BSP && job.facts().records() > 0;
}

uint64_t GrantedTo(const v1::JobRecord& job, uint32_t rank) {
  const auto& grants = job.ranks(rank).grants();
  if (grants.empty()) return 0;
  return grants.rbegin()->first_iteration() +
         GrantIterations(grants.rbegin()->count(), BatchOf(job, rank));
}

bool GrantsComplete(const v1::JobRecord& job, uint32_t rank) {
  if (!UsesGrants(job) || BatchOf(job, rank) == 0 || RemainingPositions(job) == 0) return true;
  if (job.last_iteration() != 0) return true;
  const uint64_t limit = job.spec().train().iterations();
  return limit != 0 && GrantedTo(job, rank) >= limit;
}

std::vector<v1::Grant> NextGrants(const v1::JobRecord& job, uint32_t rank, uint64_t wanted,
                                  uint64_t pushed) {
  std::vector<v1::Grant> grants;
  if (GrantsComplete(job, rank)) return grants;
  const uint64_t batch = BatchOf(job, rank);
  const uint64_t records = job.facts().records();
  const uint64_t held = GrantedTo(job, rank);
  const uint64_t limit = job.spec().train().iterations();
  if (limit != 0) wanted = std::min(wanted, limit);
  if (wanted <= held) return grants;

  uint64_t remaining = RemainingPositions(job);
  const uint64_t ahead = held - std::min(pushed, held);
  const uint64_t may_hold = MayHoldAhead(remaining, batch, job.ranks_size());
  uint64_t iterations = std::min(wanted - held, may_hold - std::min(ahead, may_hold));

  uint64_t number = job.ranks(rank).grants_size();
  uint64_t next_iteration = held;
  uint64_t epoch = job.grant_epoch();
  uint64_t next = job.grant_next();
  while (iterations > 0 && remaining > 0 && grants.size() < kMaxGrantsAtOnce) {
    const uint64_t left = records - next;
    const uint64_t count = iterations > left / batch ? left : iterations * batch;
    v1::Grant& grant = grants.emplace_back();
    grant.set_number(static_cast<uint32_t>(number++));
    grant.set_first_iteration(next_iteration);
    grant.set_epoch(epoch);
    grant.set_first(next);
    grant.set_count(count);
    const uint64_t covered = GrantIterations(count, batch);
    next_iteration += covered;
    iterations -= std::min(covered, iterations);
    if (remaining != kUnlimited) remaining -= count;
    next += count;
    if (next == records) {
      next = 0;
      ++epoch;
    }
  }
  return grants;
}

void PlanGrants(const View& view, const v1::SyncTaskRequest& report, Decisions* out) {
  const v1::JobRecord* job = view.state.FindJob(report.job_id());
  if (job == nullptr || job->state() != v1::JOB_STATE_RUNNING || report.iterations_wanted() == 0) {
    return;
  }
  std::vector<v1::Grant> grants =
      NextGrants(*job, report.rank(), report.iterations_wanted(), report.progress().iteration());
  if (grants.empty()) return;
  v1::GrantsMade* made = out->Add(view.now).mutable_grants_made();
  made->set_job_id(job->job_id());
  made->set_rank(report.rank());
  for (v1::Grant& grant : grants) made->add_grants()->Swap(&grant);
}

}  // namespace paceline::scheduler
