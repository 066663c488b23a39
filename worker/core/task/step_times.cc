#include "worker/core/task/step_times.h"

#include <algorithm>

#include "common/metrics/proto_histogram.h"

namespace paceline::worker {

std::vector<double> StepTimes::Bounds() {
  return {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100};
}

void StepTimes::Add(absl::Duration now, absl::Duration step, absl::Duration wait) {
  steps_.Observe(absl::ToDoubleSeconds(step));
  waits_.Observe(absl::ToDoubleSeconds(wait));
  recent_[added_++ % kRecentSteps] = {.ended = now, .step = step, .wait = wait};
}

void StepTimes::Fill(v1::TaskProgress* progress) const {
  if (added_ == 0) return;
  metrics::ToProto(steps_.Read(), progress->mutable_step_seconds());
  metrics::ToProto(waits_.Read(), progress->mutable_wait_seconds());
  const absl::Duration since = recent_[(added_ - 1) % kRecentSteps].ended - kRecentTime;
  absl::Duration step;
  absl::Duration wait;
  int count = 0;
  for (size_t i = 0; i < std::min<uint64_t>(added_, kRecentSteps); ++i) {
    if (recent_[i].ended < since) continue;
    step += recent_[i].step;
    wait += recent_[i].wait;
    ++count;
  }
  progress->set_recent_step_seconds(absl::ToDoubleSeconds(step) / count);
  progress->set_recent_wait_seconds(absl::ToDoubleSeconds(wait) / count);
}

}  // namespace paceline::worker
