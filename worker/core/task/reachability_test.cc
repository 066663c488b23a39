#include "worker/core/task/reachability.h"

#include <catch2/catch.hpp>

namespace paceline::worker {
namespace {

absl::Duration At(int seconds) { return absl::Seconds(seconds); }

TEST_CASE("A server is unreachable from its first call without an answer to its next answer") {
  Reachability reach(2);
  CHECK(reach.Find(At(1)).empty());
  reach.Failed(1, At(2), "reset");
  reach.Failed(1, At(4), "refused");
  std::vector<Reachability::Unreachable> found = reach.Find(At(10));
  REQUIRE(found.size() == 1);
  CHECK(found[0].server == 1);
  CHECK(found[0].time == absl::Seconds(8));
  CHECK(found[0].cause == "refused");
  reach.Answered(0, At(11));
  CHECK(reach.Find(At(11)).size() == 1);
  reach.Answered(1, At(12));
  CHECK(reach.Find(At(12)).empty());
}

TEST_CASE("A call that fails late counts from the last answer of another") {
  Reachability reach(1);
  reach.Answered(0, At(5));
  reach.Failed(0, At(1), "deadline");
  CHECK(reach.Find(At(6))[0].time == absl::Seconds(1));
}

}  // namespace
}  // namespace paceline::worker
