#include "worker/core/eval/auc.h"

#include <algorithm>
#include <cmath>

namespace paceline::worker {

std::optional<double> AucAccumulator::Finish() const {
  for (const Scored& scored : scores_) {
    if (std::isnan(scored.score)) return std::nullopt;
  }
  std::vector<Scored> sorted = scores_;
  std::sort(sorted.begin(), sorted.end(),
            [](const Scored& a, const Scored& b) { return a.score < b.score; });
  uint64_t positives = 0;
  uint64_t negatives = 0;
  // Twice the pairs in the right order, ties once: whole numbers, so exact.
  uint64_t twice_right = 0;
  for (size_t i = 0; i < sorted.size();) {
    uint64_t tied_positives = 0;
    uint64_t tied_negatives = 0;
    const float score = sorted[i].score;
    for (; i < sorted.size() && sorted[i].score == score; ++i) {
      ++(sorted[i].positive ? tied_positives : tied_negatives);
    }
    twice_right += tied_positives * (2 * negatives + tied_negatives);
    positives += tied_positives;
    negatives += tied_negatives;
  }
  if (positives == 0 || negatives == 0) return std::nullopt;
  return static_cast<double>(twice_right) / 2 / static_cast<double>(positives) /
         static_cast<double>(negatives);
}

}  // namespace paceline::worker
