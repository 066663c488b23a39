#include "common/rpc/poll_timeout.h"

#include <catch2/catch.hpp>

namespace paceline {
namespace {

TEST_CASE("an answer that is a heartbeat late is asked for again, ever more patiently") {
  CHECK(PollTimeout(absl::Seconds(1), 0) == absl::Seconds(2));
  CHECK(PollTimeout(absl::Seconds(1), 1) == absl::Seconds(4));
  CHECK(PollTimeout(absl::Milliseconds(100), 3) == absl::Milliseconds(1600));
  CHECK(PollTimeout(absl::Seconds(1), 4) == kLongestPollTimeout);
  CHECK(PollTimeout(absl::Seconds(1), ~uint64_t{0}) == kLongestPollTimeout);
  CHECK(PollTimeout(absl::ZeroDuration(), 0) == kLongestPollTimeout);
}

}  // namespace
}  // namespace paceline
