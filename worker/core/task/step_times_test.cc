#include "worker/core/task/step_times.h"

#include <catch2/catch.hpp>

namespace paceline::worker {
namespace {

TEST_CASE("before the first iteration there is nothing to say") {
  v1::TaskProgress progress;
  StepTimes().Fill(&progress);
  CHECK_FALSE(progress.has_step_seconds());
  CHECK(progress.recent_step_seconds() == 0);
}

TEST_CASE("all iterations are counted by their times") {
  StepTimes times;
  times.Add(absl::Seconds(1), absl::Milliseconds(3), absl::Milliseconds(1));
  times.Add(absl::Seconds(2), absl::Milliseconds(30), absl::Milliseconds(20));
  times.Add(absl::Seconds(3), absl::Seconds(200), absl::ZeroDuration());
  v1::TaskProgress progress;
  times.Fill(&progress);
  const v1::Histogram& steps = progress.step_seconds();
  REQUIRE(steps.bounds_size() == 16);
  CHECK(steps.bounds(0) == 0.001);
  CHECK(steps.bounds(15) == 100);
  REQUIRE(steps.counts_size() == 17);
  // 2..5 ms, 20..50 ms, above 100 s.
  CHECK(steps.counts(2) == 1);
  CHECK(steps.counts(5) == 1);
  CHECK(steps.counts(16) == 1);
  CHECK(steps.sum() == Approx(200.033));
  CHECK(progress.wait_seconds().counts(0) == 2);
  CHECK(progress.wait_seconds().sum() == Approx(0.021));
  CHECK(progress.recent_step_seconds() == Approx(200.033 / 3));
  CHECK(progress.recent_wait_seconds() == Approx(0.007));
}

TEST_CASE("the recent means are of the last 100 iterations, or of the last five seconds") {
  StepTimes times;
  v1::TaskProgress progress;
  for (int i = 1; i <= 150; ++i) {
    times.Add(absl::Milliseconds(i), absl::Milliseconds(i <= 50 ? 1000 : 1), absl::Seconds(0));
  }
  times.Fill(&progress);
  CHECK(progress.recent_step_seconds() == Approx(0.001));
  // A minute later: of what came before, nothing is recent.
  for (int i = 0; i < 3; ++i) {
    times.Add(absl::Seconds(60 + 2 * i), absl::Seconds(2), absl::Seconds(0.5));
  }
  times.Fill(&progress);
  CHECK(progress.recent_step_seconds() == Approx(2));
  CHECK(progress.recent_wait_seconds() == Approx(0.5));
  // At least the newest.
  times.Add(absl::Seconds(1000), absl::Seconds(900), absl::Seconds(1));
  times.Fill(&progress);
  CHECK(progress.recent_step_seconds() == Approx(900));
  CHECK(progress.step_seconds().sum() == Approx(50 + 0.1 + 6 + 900));
}

}  // namespace
}  // namespace paceline::worker
