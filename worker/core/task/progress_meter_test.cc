#include "worker/core/task/progress_meter.h"

#include <catch2/catch.hpp>

namespace paceline::worker {
namespace {

TEST_CASE("Losses are summed, and the recent one follows") {
  ProgressMeter meter;
  CHECK(meter.RecentLoss(false) == 0);
  CHECK(meter.SamplesPerSecond(absl::Seconds(5)) == 0);
  // Two passes of 60 iterations: losses of 4, then of 1 per sample.
  for (int i = 0; i < 120; ++i) {
    meter.Add(absl::Seconds(0.1) * i, i / 60, 2, LossSum{i < 60 ? 8.0 : 2.0, 2});
  }
  CHECK(meter.samples() == 240);
  CHECK(meter.loss().sum == 60 * 8 + 60 * 2);
  CHECK(meter.loss().count == 240);
  // The last 100 iterations: 40 of the first pass.
  CHECK(meter.RecentLoss(false) == Approx((40 * 4 + 60 * 1) / 100.0));
  // Nothing says yet that the second pass is whole.
  CHECK(meter.RecentLoss(true) == Approx(4));
  meter.EndPass();
  CHECK(meter.RecentLoss(true) == Approx(1));
  meter.EndPass();
  CHECK(meter.RecentLoss(true) == Approx(1));
  CHECK(meter.SamplesPerSecond(absl::Seconds(11.9)) == Approx(20).epsilon(0.1));
  CHECK(meter.IterationsPerSecond(absl::Seconds(11.9)) == Approx(10).epsilon(0.1));
}

TEST_CASE("An iteration without samples counts as an iteration") {
  ProgressMeter meter;
  meter.Add(absl::Seconds(1), 0, 0, {});
  meter.Add(absl::Seconds(2), 1, 0, {});
  meter.EndPass();
  CHECK(meter.RecentLoss(true) == 0);
  CHECK(meter.IterationsPerSecond(absl::Seconds(3)) == Approx(1));
}

TEST_CASE("The pace forgets what is long ago") {
  ProgressMeter meter;
  for (int i = 0; i < 100; ++i) meter.Add(absl::Seconds(1) * i, 0, 1, {});
  for (int i = 0; i < 300; ++i) {
    meter.Add(absl::Seconds(100) + absl::Seconds(0.1) * i, 0, 1, {});
  }
  CHECK(meter.SamplesPerSecond(absl::Seconds(130)) == Approx(10).epsilon(0.1));
}

}  // namespace
}  // namespace paceline::worker
