#include "server/core/consistency_controller.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/check.h"

namespace paceline::server {

absl::StatusOr<ConsistencyPolicy> ConsistencyPolicy::Of(const v1::ConsistencySpec& spec) {
  constexpr uint64_t kDefaultStaleness = 4;
  switch (spec.policy()) {
    case v1::POLICY_UNSPECIFIED:
    case v1::POLICY_BSP:
      return ConsistencyPolicy{.staleness = 0, .rounds = true};
    case v1::POLICY_SSP:
      return ConsistencyPolicy{
          .staleness = spec.has_staleness() ? spec.staleness() : kDefaultStaleness,
          .rounds = false};
    case v1::POLICY_ASP:
      return ConsistencyPolicy{.staleness = kUnbounded, .rounds = false};
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("policy: bsp, ssp or asp expected, got ", spec.policy()));
  }
}

ConsistencyController::ConsistencyController(uint32_t ranks, ConsistencyPolicy policy)
    : policy_(policy),
      progress_(ranks, 0),
      finished_(ranks, false),
      unfinished_(ranks),
      at_slowest_(ranks) {
  PL_CHECK_GE(ranks, 1u);
}

ConsistencyController::ConsistencyController(std::vector<uint64_t> progress,
                                             std::vector<bool> finished, ConsistencyPolicy policy)
    : policy_(policy), progress_(std::move(progress)), finished_(std::move(finished)) {
  PL_CHECK_GE(progress_.size(), 1u);
  PL_CHECK_EQ(progress_.size(), finished_.size());
  unfinished_ = static_cast<uint32_t>(std::count(finished_.begin(), finished_.end(), false));
  Recompute();
}

ConsistencyController::Verdict ConsistencyController::MayPull(uint32_t rank, uint64_t t) const {
  if (policy_.rounds) {
    // The shard holds the states after rounds slowest_-1 and slowest_-2.
    if (t > slowest_) return Verdict::kWait;
    return t + 1 >= slowest_ ? Verdict::kAdmit : Verdict::kGone;
  }
  if (progress_[rank] < t) return Verdict::kWait;
  if (t > slowest_ && t - slowest_ > policy_.staleness) return Verdict::kWait;
  return Verdict::kAdmit;
}

std::string ConsistencyController::WaitReason(uint32_t rank, uint64_t t) const {
  if (progress_[rank] < t) {
    return absl::StrCat("waits for its own push ", t - 1, ", progress is ", progress_[rank]);
  }
  return absl::StrCat("waits for rank ", slowest_rank(), " at iteration ", slowest_);
}

void ConsistencyController::Advance(uint32_t rank) {
  PL_CHECK(!finished_[rank]) << "rank " << rank << " has finished";
  if (progress_[rank]++ == slowest_ && --at_slowest_ == 0) Recompute();
}

void ConsistencyController::Finish(uint32_t rank) {
  PL_CHECK(!finished_[rank]) << "rank " << rank << " has finished";
  finished_[rank] = true;
  --unfinished_;
  Recompute();
}

uint32_t ConsistencyController::slowest_rank() const {
  for (uint32_t rank = 0; rank < ranks(); ++rank) {
    if (!finished_[rank] && progress_[rank] == slowest_) return rank;
  }
  return ranks() - 1;
}

void ConsistencyController::Recompute() {
  if (all_finished()) {
    slowest_ = *std::max_element(progress_.begin(), progress_.end());
    at_slowest_ = 0;
    return;
  }
  slowest_ = std::numeric_limits<uint64_t>::max();
  at_slowest_ = 0;
  for (uint32_t rank = 0; rank < ranks(); ++rank) {
    if (finished_[rank] || progress_[rank] > slowest_) continue;
    if (progress_[rank] < slowest_) at_slowest_ = 0;
    slowest_ = progress_[rank];
    ++at_slowest_;
  }
}

}  // namespace paceline::server
