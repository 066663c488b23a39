#include "common/metrics/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "common/check.h"

namespace paceline::metrics {
namespace {

// 0.001 * 10 * 10 is not the 0.1 that people read in labels.
double Rounded(double value) {
  double rounded = value;
  PL_CHECK(absl::SimpleAtod(absl::StrFormat("%.6g", value), &rounded)) << value;
  return rounded;
}

}  // namespace

uint64_t Buckets::count() const {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

void Buckets::Merge(const Buckets& other) {
  if (other.counts.empty()) return;
  if (counts.empty()) {
    *this = other;
    return;
  }
  PL_CHECK(bounds == other.bounds) << "histograms of different bounds";
  for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
}

std::vector<double> ExponentialBounds(double first, double factor, size_t count) {
  std::vector<double> bounds;
  double bound = first;
  for (size_t i = 0; i < count; ++i, bound *= factor) bounds.push_back(Rounded(bound));
  return bounds;
}

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {
  PL_CHECK_LE(bounds_.size(), kMostBounds);
  PL_CHECK(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void Histogram::Observe(double value) {
  if (std::isnan(value)) return;
  // A walk: most observations lie near the low bounds.
  size_t bucket = 0;
  while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Buckets Histogram::Read() const {
  Buckets read{.bounds = bounds_};
  for (const std::atomic<uint64_t>& count : counts_) {
    read.counts.push_back(count.load(std::memory_order_relaxed));
  }
  read.sum = sum_.load(std::memory_order_relaxed);
  return read;
}

}  // namespace paceline::metrics
