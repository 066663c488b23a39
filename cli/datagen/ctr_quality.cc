#include "cli/datagen/ctr_quality.h"

#include <algorithm>

#include "cli/datagen/portable_math.h"

namespace paceline::cli {
namespace {

constexpr uint64_t kBins = uint64_t{1} << 20;

}  // namespace

CtrQuality::CtrQuality() : bins_(2 * kBins) {}

void CtrQuality::Add(double probability, bool label) {
  (label ? positives_ : negatives_) += 1;
  loss_ -= PortableLog(label ? probability : 1 - probability);
  const uint64_t bin =
      std::min(static_cast<uint64_t>(probability * static_cast<double>(kBins)), kBins - 1);
  ++bins_[2 * bin + (label ? 1 : 0)];
}

double CtrQuality::positive_rate() const {
  return static_cast<double>(positives_) / static_cast<double>(count());
}

double CtrQuality::log_loss() const { return loss_ / static_cast<double>(count()); }

double CtrQuality::auc() const {
  if (positives_ == 0 || negatives_ == 0) return 0.5;
  double right = 0;
  uint64_t below = 0;
  for (uint64_t bin = 0; bin < kBins; ++bin) {
    const uint64_t negatives = bins_[2 * bin];
    right += static_cast<double>(bins_[2 * bin + 1]) *
             (static_cast<double>(below) + static_cast<double>(negatives) / 2);
    below += negatives;
  }
  return right / static_cast<double>(positives_) / static_cast<double>(negatives_);
}

}  // namespace paceline::cli
