#include "server/core/consistency_controller.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::server {
namespace {

using Verdict = ConsistencyController::Verdict;

constexpr ConsistencyPolicy kBsp = {.staleness = 0, .rounds = true};
constexpr ConsistencyPolicy kAsp = {.staleness = ConsistencyPolicy::kUnbounded, .rounds = false};

ConsistencyPolicy Ssp(uint64_t s) { return {.staleness = s, .rounds = false}; }

ConsistencyController At(ConsistencyPolicy policy, const std::vector<uint64_t>& progress) {
  ConsistencyController controller(static_cast<uint32_t>(progress.size()), policy);
  for (uint32_t rank = 0; rank < progress.size(); ++rank) {
    for (uint64_t i = 0; i < progress[rank]; ++i) controller.Advance(rank);
  }
  return controller;
}

TEST_CASE("the table of policies") {
  struct Case {
    ConsistencyPolicy policy;
    std::vector<uint64_t> progress;
    uint32_t rank;
    uint64_t t;
    Verdict expected;
  };
  const std::vector<Case> cases = {
      // BSP: round t-1 has been applied; the state after t-1 is kept until round t+1.
      {kBsp, {0, 0}, 0, 0, Verdict::kAdmit},
      {kBsp, {1, 0}, 0, 1, Verdict::kWait},
      {kBsp, {1, 0}, 1, 0, Verdict::kAdmit},
      {kBsp, {1, 1}, 0, 1, Verdict::kAdmit},
      {kBsp, {2, 2}, 0, 1, Verdict::kAdmit},
      {kBsp, {3, 3}, 0, 1, Verdict::kGone},
      // SSP: t - slow <= s, and the own push t-1.
      {Ssp(0), {1, 0}, 0, 1, Verdict::kWait},
      {Ssp(1), {1, 0}, 0, 1, Verdict::kAdmit},
      {Ssp(1), {2, 0}, 0, 2, Verdict::kWait},
      {Ssp(2), {2, 0}, 0, 2, Verdict::kAdmit},
      {Ssp(2), {1, 1}, 0, 2, Verdict::kWait},
      {Ssp(2), {5, 5}, 0, 3, Verdict::kAdmit},
      // ASP: the own push t-1 alone.
      {kAsp, {9, 0}, 0, 9, Verdict::kAdmit},
      {kAsp, {9, 0}, 0, 10, Verdict::kWait},
      {kAsp, {9, 0}, 1, 0, Verdict::kAdmit},
  };
  for (const Case& c : cases) {
    INFO("staleness " << c.policy.staleness << " rank " << c.rank << " t " << c.t);
    CHECK(At(c.policy, c.progress).MayPull(c.rank, c.t) == c.expected);
  }
}

TEST_CASE("a finished rank leaves the minimum") {
  ConsistencyController controller = At(Ssp(1), {4, 2, 7});
  CHECK(controller.slowest() == 2);
  CHECK(controller.slowest_rank() == 1);
  CHECK(controller.MayPull(0, 4) == Verdict::kWait);
  controller.Finish(1);
  CHECK(controller.slowest() == 4);
  CHECK(controller.MayPull(0, 4) == Verdict::kAdmit);
  controller.Finish(0);
  CHECK(controller.slowest() == 7);
  controller.Finish(2);
  CHECK(controller.all_finished());
  CHECK(controller.slowest() == 7);
}

TEST_CASE("a wait has a reason") {
  CHECK(At(Ssp(1), {20, 19, 21, 17}).WaitReason(0, 20) == "waits for rank 3 at iteration 17");
  CHECK(At(kAsp, {3}).WaitReason(0, 5) == "waits for its own push 4, progress is 3");
  CHECK(At(kBsp, {2, 1}).WaitReason(0, 2) == "waits for rank 1 at iteration 1");
}

TEST_CASE("policies of a job spec") {
  v1::ConsistencySpec spec;
  REQUIRE_OK_AND_ASSIGN(const ConsistencyPolicy unset, ConsistencyPolicy::Of(spec));
  CHECK(unset.rounds);
  spec.set_policy(v1::POLICY_SSP);
  REQUIRE_OK_AND_ASSIGN(const ConsistencyPolicy ssp, ConsistencyPolicy::Of(spec));
  CHECK_FALSE(ssp.rounds);
  CHECK(ssp.staleness == 4);
  spec.set_staleness(0);
  REQUIRE_OK_AND_ASSIGN(const ConsistencyPolicy ssp0, ConsistencyPolicy::Of(spec));
  CHECK(ssp0.staleness == 0);
  spec.set_policy(v1::POLICY_ASP);
  REQUIRE_OK_AND_ASSIGN(const ConsistencyPolicy asp, ConsistencyPolicy::Of(spec));
  CHECK(asp.staleness == ConsistencyPolicy::kUnbounded);
  spec.set_policy(static_cast<v1::Policy>(9));
  REQUIRE_STATUS(ConsistencyPolicy::Of(spec), absl::StatusCode::kInvalidArgument, "policy");
}

// The running minimum against a naive one, and the bound itself.
TEST_CASE("random schedules agree with a naive model") {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const uint32_t ranks = 1 + random() % 6;
    const uint64_t s = random() % 4;
    ConsistencyController controller(ranks, Ssp(s));
    std::vector<uint64_t> progress(ranks, 0);
    std::vector<bool> finished(ranks, false);
    for (int step = 0; step < 200; ++step) {
      const uint32_t rank = random() % ranks;
      if (finished[rank]) continue;
      if (random() % 40 == 0) {
        finished[rank] = true;
        controller.Finish(rank);
      } else if (controller.MayPull(rank, progress[rank]) == Verdict::kAdmit) {
        ++progress[rank];
        controller.Advance(rank);
      }
      uint64_t slow = UINT64_MAX;
      for (uint32_t i = 0; i < ranks; ++i) {
        if (!finished[i]) slow = std::min(slow, progress[i]);
      }
      if (slow == UINT64_MAX) slow = *std::max_element(progress.begin(), progress.end());
      REQUIRE(controller.slowest() == slow);
      REQUIRE(controller.progress() == progress);
      for (uint32_t i = 0; i < ranks; ++i) {
        // Whoever is admitted to read for its next iteration is within the bound.
        const uint64_t t = progress[i];
        const bool within = t <= slow || t - slow <= s;
        REQUIRE((controller.MayPull(i, t) == Verdict::kAdmit) == within);
      }
    }
  }
}

}  // namespace
}  // namespace paceline::server
