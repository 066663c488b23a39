#include "worker/core/task/in_flight.h"

#include <catch2/catch.hpp>
#include <set>

#include "worker/core/task/backoff.h"
#include "worker/core/task/call_deadline.h"

namespace paceline::worker {
namespace {

constexpr absl::Duration kStart = absl::Seconds(100);

TEST_CASE("A back-off doubles, is jittered and is limited") {
  const BackoffOptions options = {absl::Milliseconds(10), absl::Milliseconds(160)};
  for (uint64_t seed = 0; seed < 50; ++seed) {
    for (uint64_t attempt = 1; attempt < 100; ++attempt) {
      const absl::Duration whole =
          absl::Milliseconds(10) * (1 << std::min<uint64_t>(attempt - 1, 4));
      const absl::Duration wait = Backoff(options, seed, attempt);
      CHECK(wait >= whole / 2);
      CHECK(wait <= whole);
      CHECK(wait == Backoff(options, seed, attempt));
    }
  }
  CHECK(Backoff(options, 1, 3) != Backoff(options, 2, 3));
}

TEST_CASE("Frames go out in order, so many to a server at once") {
  InFlightOptions options;
  options.calls_per_server = 2;
  InFlight in_flight(options);
  for (int i = 0; i < 6; ++i) in_flight.Add(i % 2, 1000);
  std::vector<InFlight::Call> calls = in_flight.Take(kStart);
  REQUIRE(calls.size() == 4);
  for (uint64_t i = 0; i < 4; ++i) {
    CHECK(calls[i].frame == i);
    CHECK(calls[i].server == i % 2);
    CHECK(calls[i].attempt == 1);
  }
  CHECK(in_flight.Take(kStart).empty());
  CHECK(in_flight.NextSend() == absl::InfiniteDuration());
  in_flight.Acked(1);
  CHECK(in_flight.NextSend() <= kStart);
  calls = in_flight.Take(kStart);
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].frame == 5);
}

TEST_CASE("Frames that wait go out the newest first where that is asked for") {
  InFlightOptions options;
  options.calls_per_server = 1;
  options.newest_first = true;
  InFlight in_flight(options);
  in_flight.Add(0, 1000);
  REQUIRE(in_flight.Take(kStart).size() == 1);
  for (int i = 0; i < 3; ++i) in_flight.Add(0, 1000);
  in_flight.Add(1, 1000);
  CHECK(in_flight.Take(kStart).at(0).frame == 4);
  in_flight.Acked(0);
  CHECK(in_flight.Take(kStart).at(0).frame == 3);
  // One that has to wait lets older ones by.
  in_flight.NotYet(3, kStart);
  CHECK(in_flight.Take(kStart).at(0).frame == 2);
  in_flight.Acked(2);
  CHECK(in_flight.Take(kStart + absl::Hours(1)).at(0).frame == 3);
  in_flight.Acked(3);
  CHECK(in_flight.Take(kStart).at(0).frame == 1);
}

TEST_CASE("faults row 12: a deadline is a floor of bandwidth, not a time") {
  const DeadlineOptions options = {.least = absl::Seconds(3), .floor_bytes_per_second = 1000};
  CHECK(CallDeadline(options, 0) == absl::Seconds(3));
  CHECK(CallDeadline(options, 5000) == absl::Seconds(8));
  // By default a link of 1 Mbit/s has four times the time that it needs.
  const uint64_t bytes = 4 << 20;
  CHECK(CallDeadline({}, bytes) > absl::Seconds(3.5 * 8 * bytes / 1e6));
  CHECK(CallDeadline({}, 0) == DeadlineOptions().least);
}

TEST_CASE("faults row 12: the time that a call may take grows with all bytes under way") {
  InFlightOptions options;
  options.deadline = {.least = absl::Seconds(3), .floor_bytes_per_second = 1000};
  InFlight in_flight(options);
  const InFlight::FrameId first = in_flight.Add(0, 1000);
  CHECK(in_flight.Take(kStart)[0].timeout == absl::Seconds(4));
  in_flight.Add(1, 5000);
  CHECK(in_flight.Take(kStart)[0].timeout == absl::Seconds(9));
  in_flight.Acked(first);
  in_flight.Add(0, 2000);
  CHECK(in_flight.Take(kStart)[0].timeout == absl::Seconds(10));
  in_flight.Clear();
  in_flight.Add(0, 2000);
  CHECK(in_flight.Take(kStart)[0].timeout == absl::Seconds(5));
}

TEST_CASE("faults row 13: without budget a retry waits the longest back-off") {
  InFlightOptions options;
  options.failure_backoff = {absl::Milliseconds(10), absl::Seconds(10)};
  options.retry_budget = {.most = 1, .per_success = 0.5};
  InFlight in_flight(options);
  const InFlight::FrameId one = in_flight.Add(0, 1);
  const InFlight::FrameId two = in_flight.Add(0, 1);
  in_flight.Take(kStart);
  in_flight.Failed(one, kStart);
  CHECK(in_flight.NextSend() <= kStart + absl::Milliseconds(10));
  REQUIRE(in_flight.Take(kStart + absl::Milliseconds(10)).size() == 1);
  in_flight.Failed(two, kStart);
  CHECK(in_flight.NextSend() >= kStart + absl::Seconds(5));
  CHECK(in_flight.NextSend() <= kStart + absl::Seconds(10));
  CHECK(in_flight.calls_made() == 3);
  CHECK(in_flight.calls_repeated() == 1);
  // Half a token each.
  in_flight.Acked(one);
  in_flight.Acked(in_flight.Take(kStart + absl::Seconds(10)).at(0).frame);
  const InFlight::FrameId three = in_flight.Add(0, 1);
  in_flight.Take(kStart);
  in_flight.Failed(three, kStart);
  CHECK(in_flight.NextSend() <= kStart + absl::Milliseconds(10));
}

TEST_CASE("A frame that failed is sent again after a back-off, until its budget is spent") {
  InFlightOptions options;
  options.attempts = 3;
  InFlight in_flight(options);
  in_flight.Add(0, 1);
  absl::Duration now = kStart;
  for (int i = 1; i <= 3; ++i) {
    const std::vector<InFlight::Call> calls = in_flight.Take(now);
    REQUIRE(calls.size() == 1);
    CHECK(calls[0].attempt == static_cast<uint64_t>(i));
    const InFlight::Verdict verdict = in_flight.Failed(calls[0].frame, now);
    CHECK((verdict == InFlight::Verdict::kGiveUp) == (i == 3));
    if (i == 3) break;
    CHECK(in_flight.Take(now).empty());
    CHECK(in_flight.NextSend() > now);
    now = in_flight.NextSend();
  }
}

TEST_CASE("NOT_YET spends no budget") {
  InFlightOptions options;
  options.attempts = 2;
  InFlight in_flight(options);
  in_flight.Add(0, 1);
  absl::Duration now = kStart;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(in_flight.Take(now).size() == 1);
    in_flight.NotYet(0, now);
    REQUIRE(in_flight.NextSend() - now <= options.not_yet_backoff.most);
    now = in_flight.NextSend();
  }
  REQUIRE(in_flight.Take(now).size() == 1);
  CHECK(in_flight.Failed(0, now) == InFlight::Verdict::kSendAgain);
  // And it forgives earlier failures: only failures in a row count.
  now = in_flight.NextSend();
  REQUIRE(in_flight.Take(now).size() == 1);
  in_flight.NotYet(0, now);
  now = in_flight.NextSend();
  REQUIRE(in_flight.Take(now).size() == 1);
  CHECK(in_flight.Failed(0, now) == InFlight::Verdict::kSendAgain);
}

TEST_CASE("Clear forgets the frames and never uses their ids again") {
  InFlight in_flight({});
  in_flight.Add(0, 1);
  in_flight.Add(0, 1);
  in_flight.Take(kStart);
  CHECK(in_flight.size() == 2);
  in_flight.Clear();
  CHECK(in_flight.empty());
  CHECK(in_flight.Add(0, 1) == 2);
  CHECK(in_flight.Take(kStart).size() == 1);
}

}  // namespace
}  // namespace paceline::worker
