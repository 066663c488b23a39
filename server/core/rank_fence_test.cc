#include "server/core/rank_fence.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/refusal/refusal.h"

namespace paceline::server {
namespace {

using v1::Refusal;

constexpr uint64_t kJob = 7;
constexpr uint64_t kTimeline = 3;
constexpr uint64_t kEpoch = 5;

v1::RequestContext Context(uint64_t timeline, uint64_t epoch, uint32_t rank, uint64_t incarnation) {
  v1::RequestContext context;
  context.set_job_id(kJob);
  context.set_timeline(timeline);
  context.set_epoch(epoch);
  context.set_rank(rank);
  context.set_incarnation(incarnation);
  return context;
}

TEST_CASE("the table of fences") {
  RankFence fence(kJob, kTimeline, kEpoch, 3);
  REQUIRE(fence.Open(Context(kTimeline, kEpoch, 0, 2)).ok());
  struct Case {
    v1::RequestContext context;
    Refusal::Kind kind;
    uint64_t expected;
    uint64_t got;
  };
  const std::vector<Case> cases = {
      {Context(kTimeline, kEpoch, 0, 2), Refusal::KIND_UNSPECIFIED, 0, 0},
      {Context(2, kEpoch, 0, 2), Refusal::STALE_TIMELINE, 3, 2},
      {Context(4, kEpoch, 0, 2), Refusal::STALE_TIMELINE, 3, 4},
      // The timeline is looked at before all else.
      {Context(2, 4, 9, 1), Refusal::STALE_TIMELINE, 3, 2},
      {Context(kTimeline, 4, 9, 1), Refusal::STALE_EPOCH, 5, 4},
      {Context(kTimeline, 6, 0, 2), Refusal::STALE_EPOCH, 5, 6},
      {Context(kTimeline, kEpoch, 3, 1), Refusal::INVALID, 0, 0},
      {Context(kTimeline, kEpoch, 0, 1), Refusal::STALE_INCARNATION, 2, 1},
      {Context(kTimeline, kEpoch, 0, 3), Refusal::RANK_NOT_OPEN, 2, 3},
      {Context(kTimeline, kEpoch, 1, 1), Refusal::RANK_NOT_OPEN, 0, 1},
      {Context(kTimeline, kEpoch, 1, 0), Refusal::RANK_NOT_OPEN, 0, 0},
  };
  for (const Case& c : cases) {
    INFO(c.context.ShortDebugString());
    const absl::Status status = fence.Check(c.context);
    INFO(status.ToString());
    REQUIRE(RefusalKindOf(status) == c.kind);
    if (c.kind == Refusal::KIND_UNSPECIFIED) {
      CHECK(status.ok());
    } else {
      CHECK(RefusalOf(status)->expected() == c.expected);
      CHECK(RefusalOf(status)->got() == c.got);
    }
  }
}

TEST_CASE("a newer incarnation fences the older ones") {
  RankFence fence(kJob, kTimeline, kEpoch, 2);
  REQUIRE(fence.Open(Context(kTimeline, kEpoch, 1, 1)).ok());
  REQUIRE(fence.Open(Context(kTimeline, kEpoch, 1, 1)).ok());
  REQUIRE(fence.Open(Context(kTimeline, kEpoch, 1, 4)).ok());
  CHECK(RefusalKindOf(fence.Check(Context(kTimeline, kEpoch, 1, 1))) == Refusal::STALE_INCARNATION);
  CHECK(RefusalKindOf(fence.Open(Context(kTimeline, kEpoch, 1, 3))) == Refusal::STALE_INCARNATION);
  CHECK(fence.incarnation(1) == 4);
  CHECK(fence.incarnation(0) == 0);
}

TEST_CASE("opening is fenced too") {
  RankFence fence(kJob, kTimeline, kEpoch, 2);
  CHECK(RefusalKindOf(fence.Open(Context(2, kEpoch, 1, 1))) == Refusal::STALE_TIMELINE);
  CHECK(RefusalKindOf(fence.Open(Context(kTimeline, 4, 1, 1))) == Refusal::STALE_EPOCH);
  CHECK(RefusalKindOf(fence.Open(Context(kTimeline, kEpoch, 2, 1))) == Refusal::INVALID);
  CHECK(RefusalKindOf(fence.Open(Context(kTimeline, kEpoch, 1, 0))) == Refusal::INVALID);
}

TEST_CASE("a newer map moves the epoch, not the ranks") {
  RankFence fence(kJob, kTimeline, kEpoch, 1);
  REQUIRE(fence.Open(Context(kTimeline, kEpoch, 0, 1)).ok());
  fence.SetEpoch(kEpoch + 1);
  CHECK(RefusalKindOf(fence.Check(Context(kTimeline, kEpoch, 0, 1))) == Refusal::STALE_EPOCH);
  CHECK(fence.Check(Context(kTimeline, kEpoch + 1, 0, 1)).ok());
}

}  // namespace
}  // namespace paceline::server
