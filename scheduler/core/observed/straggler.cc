#include "scheduler/core/observed/straggler.h"

#include <algorithm>

namespace paceline::scheduler {
namespace {

double ComputeSeconds(const v1::RankStatus& rank) {
  return std::max(rank.step_seconds() - rank.wait_seconds(), 0.0);
}

}  // namespace

void ScoreStragglers(google::protobuf::RepeatedPtrField<v1::RankStatus>* ranks) {
  std::vector<double> known;
  for (const v1::RankStatus& rank : *ranks) {
    if (const double seconds = ComputeSeconds(rank); seconds > 0) known.push_back(seconds);
  }
  if (known.empty()) return;
  const auto median = known.begin() + static_cast<std::ptrdiff_t>((known.size() - 1) / 2);
  std::nth_element(known.begin(), median, known.end());
  for (v1::RankStatus& rank : *ranks) rank.set_straggler_score(ComputeSeconds(rank) / *median);
}

}  // namespace paceline::scheduler
