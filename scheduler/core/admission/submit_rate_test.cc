#include "scheduler/core/admission/submit_rate.h"

#include <catch2/catch.hpp>

namespace paceline::scheduler {
namespace {

TEST_CASE("a bucket is emptied at once and fills over a minute") {
  SubmitRate rate;
  absl::Duration now = absl::Hours(3);
  for (int i = 0; i < 6; ++i) CHECK(rate.Take("alice", 6, now));
  CHECK_FALSE(rate.Take("alice", 6, now));
  now += absl::Seconds(9);
  CHECK_FALSE(rate.Take("alice", 6, now));
  now += absl::Seconds(2);
  CHECK(rate.Take("alice", 6, now));
  CHECK_FALSE(rate.Take("alice", 6, now));
  // No more than a full one, however long it stood.
  now += absl::Hours(1);
  for (int i = 0; i < 6; ++i) CHECK(rate.Take("alice", 6, now));
  CHECK_FALSE(rate.Take("alice", 6, now));
}

TEST_CASE("buckets are of one owner each, and no limit needs none") {
  SubmitRate rate;
  CHECK(rate.Take("alice", 1, absl::ZeroDuration()));
  CHECK_FALSE(rate.Take("alice", 1, absl::ZeroDuration()));
  CHECK(rate.Take("bob", 1, absl::ZeroDuration()));
  for (int i = 0; i < 1000; ++i) CHECK(rate.Take("alice", 0, absl::ZeroDuration()));
}

TEST_CASE("a limit that was lowered holds from then on") {
  SubmitRate rate;
  CHECK(rate.Take("alice", 100, absl::ZeroDuration()));
  CHECK(rate.Take("alice", 2, absl::ZeroDuration()));
  CHECK(rate.Take("alice", 2, absl::ZeroDuration()));
  CHECK_FALSE(rate.Take("alice", 2, absl::ZeroDuration()));
}

}  // namespace
}  // namespace paceline::scheduler
