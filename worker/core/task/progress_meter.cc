#include "worker/core/task/progress_meter.h"

namespace paceline::worker {
namespace {

constexpr size_t kRecentIterations = 100;
constexpr absl::Duration kWindow = absl::Seconds(10);
constexpr absl::Duration kPointEvery = absl::Milliseconds(100);

}  // namespace

void ProgressMeter::Add(absl::Duration now, uint64_t epoch, uint64_t positions,
                        const LossSum& loss) {
  if (epoch != epoch_) EndPass();
  epoch_ = epoch;
  if (points_.empty() || now - points_.back().at >= kPointEvery) {
    points_.push_back({now, iterations_, samples_});
    while (points_.size() > 2 && now - points_[1].at >= kWindow) points_.pop_front();
  }
  ++iterations_;
  samples_ += positions;
  total_.sum += loss.sum;
  total_.count += loss.count;
  pass_.sum += loss.sum;
  pass_.count += loss.count;
  recent_.push_back(loss);
  if (recent_.size() > kRecentIterations) recent_.pop_front();
}

void ProgressMeter::EndPass() {
  if (pass_.count > 0) {
    last_pass_mean_ = pass_.sum / static_cast<double>(pass_.count);
    has_pass_ = true;
  }
  pass_ = {};
}

double ProgressMeter::RecentLoss(bool finished) const {
  if (finished && has_pass_) return last_pass_mean_;
  LossSum recent;
  for (const LossSum& one : recent_) {
    recent.sum += one.sum;
    recent.count += one.count;
  }
  return recent.count == 0 ? 0 : recent.sum / static_cast<double>(recent.count);
}

double ProgressMeter::SamplesPerSecond(absl::Duration now) const {
  if (iterations_ < 2 || now <= points_.front().at) return 0;
  return static_cast<double>(samples_ - points_.front().samples) /
         absl::ToDoubleSeconds(now - points_.front().at);
}

double ProgressMeter::IterationsPerSecond(absl::Duration now) const {
  if (iterations_ < 2 || now <= points_.front().at) return 0;
  return static_cast<double>(iterations_ - points_.front().iterations) /
         absl::ToDoubleSeconds(now - points_.front().at);
}

}  // namespace paceline::worker
