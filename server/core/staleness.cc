#include "server/core/staleness.h"

#include <algorithm>
#include <numeric>

namespace paceline::server {

void Staleness::Add(uint64_t iterations) {
  ++counts[std::lower_bound(kBounds.begin(), kBounds.end(), iterations) - kBounds.begin()];
  sum += iterations;
  max = std::max(max, iterations);
}

void Staleness::Merge(const Staleness& other) {
  for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
  max = std::max(max, other.max);
}

uint64_t Staleness::count() const {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

void Staleness::Fill(v1::ServerJobReport* report) const {
  report->set_staleness_count(count());
  report->set_staleness_sum(sum);
  report->set_staleness_max(max);
  v1::Histogram* histogram = report->mutable_staleness();
  histogram->mutable_bounds()->Assign(kBounds.begin(), kBounds.end());
  histogram->mutable_counts()->Assign(counts.begin(), counts.end());
  histogram->set_sum(static_cast<double>(sum));
}

}  // namespace paceline::server
