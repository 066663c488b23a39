#include "common/daemon/progress.h"

#include <catch2/catch.hpp>

#include "common/fake_clock.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("a loop that goes round is well, one that does not is stuck") {
  FakeClock clock;
  clock.Advance(absl::Hours(1));
  Progress progress(&clock, "the loop");
  CHECK_OK(progress.Check());
  clock.Advance(kLongestRound);
  CHECK_OK(progress.Check());
  clock.Advance(absl::Seconds(1));
  CHECK_STATUS(progress.Check(), absl::StatusCode::kInternal, "the loop has been stuck for 1m1s");
  progress.Round();
  CHECK_OK(progress.Check());
}

}  // namespace
}  // namespace paceline
