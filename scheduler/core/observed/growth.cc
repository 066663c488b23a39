#include "scheduler/core/observed/growth.h"

#include <algorithm>
#include <numeric>

namespace paceline::scheduler {
namespace {

bool WellFormed(const v1::Histogram& histogram) {
  return !histogram.bounds().empty() && histogram.bounds_size() <= kMaxBounds &&
         histogram.counts_size() == histogram.bounds_size() + 1;
}

bool SameBounds(const v1::Histogram& a, const v1::Histogram& b) {
  return std::equal(a.bounds().begin(), a.bounds().end(), b.bounds().begin(), b.bounds().end());
}

// Every count of `now` is at least what it was.
bool GoesOn(const v1::Histogram& before, const v1::Histogram& now) {
  return WellFormed(before) && SameBounds(before, now) &&
         std::equal(before.counts().begin(), before.counts().end(), now.counts().begin(),
                    [](uint64_t was, uint64_t is) { return was <= is; });
}

}  // namespace

double Growth(double before, double now) { return now < before ? now : now - before; }
uint64_t Growth(uint64_t before, uint64_t now) { return now < before ? now : now - before; }

void AddGrowth(const v1::Histogram& before, const v1::Histogram& now, v1::Histogram* total) {
  if (!WellFormed(now)) return;
  if (total->bounds().empty()) {
    *total->mutable_bounds() = now.bounds();
    total->mutable_counts()->Resize(now.counts_size(), 0);
  }
  if (!SameBounds(*total, now)) return;
  const bool goes_on = GoesOn(before, now);
  for (int i = 0; i < now.counts_size(); ++i) {
    const uint64_t was = goes_on ? before.counts(i) : 0;
    total->set_counts(i, total->counts(i) + now.counts(i) - was);
  }
  total->set_sum(total->sum() + now.sum() - (goes_on ? before.sum() : 0));
}

void AddGrowth(const CountsByKind& before, const CountsByKind& now, CountsByKind* total) {
  for (const auto& [kind, count] : now) {
    const auto was = before.find(kind);
    const uint64_t growth = Growth(was == before.end() ? 0 : was->second, count);
    if (growth > 0 && (total->contains(kind) || total->size() < kMaxKinds)) {
      (*total)[kind] += growth;
    }
  }
}

uint64_t CountOf(const v1::Histogram& histogram) {
  return std::accumulate(histogram.counts().begin(), histogram.counts().end(), uint64_t{0});
}

}  // namespace paceline::scheduler
