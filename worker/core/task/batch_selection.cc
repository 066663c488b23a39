#include "worker/core/task/batch_selection.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/partition/grants.h"
#include "common/partition/shares.h"
#include "common/status/status_macros.h"

namespace paceline::worker {
namespace {

// Grants are held ahead for this long, so that training goes on while the
// scheduler is away.
constexpr double kSecondsAhead = 120;
constexpr uint64_t kLeastAhead = 8;

}  // namespace

BatchSelection::BatchSelection(const v1::JobSpec& spec, uint32_t rank, uint32_t ranks,
                               uint64_t records)
    : rank_(rank),
      ranks_(ranks),
      records_(records),
      batch_(NominalBatch(spec.train().global_batch(), rank, ranks)),
      rounds_(records, spec.train().global_batch()),
      flushes_(spec),
      iterations_cap_(spec.train().iterations()) {
  PL_CHECK_LT(rank, ranks);
  const bool bsp = spec.consistency().policy() == v1::POLICY_BSP;
  uses_grants_ = records > 0 && !bsp && batch_ > 0;
  if (uses_grants_) return;
  complete_ = true;
  if (records == 0) {
    available_ = iterations_cap_;
  } else if (bsp) {
    available_ =
        TotalRounds(records, spec.train().global_batch(), spec.train().epochs(), iterations_cap_);
  }
  // Else the rank's share of a batch is empty: it has nothing to do.
}

std::optional<IterationBatch> BatchSelection::At(uint64_t iteration) const {
  if (iteration >= available_) return std::nullopt;
  IterationBatch batch;
  batch.flush = flushes_.At(iteration, available_);
  if (records_ == 0) return batch;
  if (uses_grants_) {
    const std::optional<EpochPositions> share = FindGranted(grants_, batch_, iteration);
    PL_CHECK(share.has_value()) << "iteration " << iteration << " of " << available_;
    batch.share = *share;
    batch.divisor = share->positions.size();
  } else {
    batch.share = rounds_.Share(iteration, rank_, ranks_);
    batch.divisor = rounds_.Round(iteration).positions.size();
  }
  return batch;
}

bool BatchSelection::EndsPass(uint64_t iteration) const {
  if (records_ == 0) return false;
  if (!uses_grants_) return (iteration + 1) % rounds_.rounds_per_epoch() == 0;
  const std::optional<IterationBatch> now = At(iteration);
  const std::optional<IterationBatch> next = At(iteration + 1);
  if (!now.has_value()) return false;
  return next.has_value() ? next->share.epoch != now->share.epoch : complete_;
}

absl::Status BatchSelection::AddGrants(absl::Span<const v1::Grant> grants, bool complete) {
  if (!uses_grants_) {
    if (grants.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("grants: none were due under this policy");
  }
  for (const v1::Grant& grant : grants) {
    if (grant.number() < grants_.size()) continue;
    if (complete_) {
      return absl::InvalidArgumentError(absl::StrCat("grants: number ", grant.number(),
                                                     " came after they were complete with ",
                                                     grants_.size()));
    }
    PL_RETURN_IF_ERROR(CheckNextGrant(grants_, grant, batch_, records_));
    grants_.push_back(grant);
  }
  complete_ = complete_ || complete;
  available_ = GrantedIterations(grants_, batch_);
  if (iterations_cap_ != 0 && available_ >= iterations_cap_) {
    available_ = iterations_cap_;
    complete_ = true;
  }
  return absl::OkStatus();
}

void BatchSelection::StopAt(uint64_t iterations) {
  iterations_cap_ = iterations_cap_ == 0 ? iterations : std::min(iterations_cap_, iterations);
  available_ = std::min(available_, iterations_cap_);
  complete_ = true;
}

uint64_t BatchSelection::IterationsWanted(uint64_t iteration, double iterations_per_second) const {
  if (complete_) return 0;
  const uint64_t ahead = std::max(
      kLeastAhead, static_cast<uint64_t>(
                       std::ceil(std::clamp(iterations_per_second, 0.0, 1e9) * kSecondsAhead)));
  const uint64_t wanted = iteration + ahead;
  return available_ >= wanted ? 0 : wanted;
}

}  // namespace paceline::worker
