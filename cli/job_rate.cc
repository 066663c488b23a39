#include "cli/job_rate.h"

namespace paceline::cli {

void JobRate::Add(absl::Duration now, const v1::RunSummary& summary) {
  const Sample sample = {
      .seconds = absl::ToDoubleSeconds(now),
      .counts = {summary.iterations(), summary.bytes_pushed(), summary.bytes_pulled()}};
  if (samples_.empty() || samples_.back().counts[0] != sample.counts[0]) ++changes_;
  samples_.push_back(sample);
}

JobRate::Rate JobRate::Slope() const {
  double middle = 0;
  for (const Sample& sample : samples_) middle += sample.seconds;
  middle /= static_cast<double>(samples_.empty() ? 1 : samples_.size());
  double spread = 0;
  std::array<double, 3> together = {};
  for (const Sample& sample : samples_) {
    const double from_middle = sample.seconds - middle;
    spread += from_middle * from_middle;
    for (size_t i = 0; i < together.size(); ++i) together[i] += from_middle * sample.counts[i];
  }
  if (spread <= 0) return {};
  return {.iterations = together[0] / spread,
          .pushed_bytes = together[1] / spread,
          .pulled_bytes = together[2] / spread};
}

}  // namespace paceline::cli
