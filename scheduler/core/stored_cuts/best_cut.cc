#include "scheduler/core/stored_cuts/best_cut.h"

#include <algorithm>

namespace paceline::scheduler {
namespace {

// The evaluation that comes next if none was left out.
uint64_t NextEvaluation(const v1::JobRecord& job) {
  const uint64_t every = job.spec().train().eval_every_iterations();
  const bool weights_only = job.start().cut().part() == v1::RestoreOrder::WEIGHTS;
  const uint64_t began = weights_only ? 0 : job.start().iteration();
  const uint64_t before = std::max(job.last_eval_iteration(), began);
  return (before / every + 1) * every;
}

// The kept cut that belongs to an evaluation before `iteration`; 0: none.
uint64_t CutOfEvaluation(const v1::JobRecord& job, uint64_t iteration) {
  const bool bsp = job.spec().consistency().policy() == v1::POLICY_BSP;
  for (const v1::CutRecord& cut : job.cuts()) {
    if (bsp ? cut.iteration() == iteration : cut.iteration() >= iteration) return cut.cut_id();
  }
  return 0;
}

bool KeepsBest(const v1::JobRecord& job) {
  return job.spec().checkpoint().keep_best() && job.spec().train().eval_every_iterations() > 0;
}

}  // namespace

uint64_t BestCut(const v1::JobRecord& job) {
  if (!KeepsBest(job) || !job.has_best_eval()) return 0;
  return CutOfEvaluation(job, job.best_eval().iteration());
}

std::vector<uint64_t> CutsForEvaluations(const v1::JobRecord& job) {
  std::vector<uint64_t> cuts;
  if (!KeepsBest(job)) return cuts;
  if (const uint64_t best = BestCut(job); best != 0) cuts.push_back(best);
  if (const uint64_t next = CutOfEvaluation(job, NextEvaluation(job)); next != 0) {
    cuts.push_back(next);
  }
  return cuts;
}

std::optional<uint64_t> OwedEvaluation(const v1::JobRecord& job) {
  const bool decides = job.spec().consistency().policy() == v1::POLICY_BSP &&
                       job.spec().evaluation().patience() > 0 &&
                       job.spec().train().eval_every_iterations() > 0;
  if (!decides || job.last_iteration() != 0) return std::nullopt;
  return NextEvaluation(job);
}

uint64_t CutToGoOnFrom(const v1::JobRecord& job) {
  const std::optional<uint64_t> owed = OwedEvaluation(job);
  for (int i = job.cuts_size() - 1; i >= 0; --i) {
    if (!owed.has_value() || job.cuts(i).iteration() <= *owed) return job.cuts(i).cut_id();
  }
  return 0;
}

}  // namespace paceline::scheduler
