#include "server/core/rate_meter.h"

#include <catch2/catch.hpp>

namespace paceline::server {
namespace {

constexpr RateMeter::Key kKey = {1, 1, 0};

TEST_CASE("a rate needs two looks") {
  RateMeter meter;
  CHECK(meter.Rate(kKey) == 0);
  meter.Add(absl::Seconds(10), kKey, 500);
  CHECK(meter.Rate(kKey) == 0);
  meter.Add(absl::Seconds(10), kKey, 510);
  CHECK(meter.Rate(kKey) == 0);
  meter.Add(absl::Seconds(12), kKey, 540);
  CHECK(meter.Rate(kKey) == Approx(20));
}

TEST_CASE("the rate follows within ten seconds") {
  RateMeter meter;
  uint64_t count = 0;
  for (int second = 0; second <= 60; ++second) {
    meter.Add(absl::Seconds(second), kKey, count);
    count += 100;
  }
  CHECK(meter.Rate(kKey) == Approx(100));
  for (int second = 61; second <= 72; ++second) {
    meter.Add(absl::Seconds(second), kKey, count);
    count += 7;
  }
  CHECK(meter.Rate(kKey) == Approx(7));
}

TEST_CASE("a counter that begins anew has no rate until it is seen again") {
  RateMeter meter;
  meter.Add(absl::Seconds(1), kKey, 1000);
  meter.Add(absl::Seconds(2), kKey, 2000);
  meter.Add(absl::Seconds(3), kKey, 10);
  CHECK(meter.Rate(kKey) == 0);
  meter.Add(absl::Seconds(5), kKey, 30);
  CHECK(meter.Rate(kKey) == Approx(10));
}

TEST_CASE("counters are told apart, and forgotten when nobody adds them any more") {
  RateMeter meter;
  const RateMeter::Key other = {1, 2, 0};
  for (int second = 0; second < 3; ++second) {
    meter.Add(absl::Seconds(second), kKey, 10 * second);
    meter.Add(absl::Seconds(second), other, 1000 * second);
  }
  CHECK(meter.Rate(kKey) == Approx(10));
  CHECK(meter.Rate(other) == Approx(1000));
  meter.Add(absl::Seconds(62), other, 5000);
  meter.Forget(absl::Seconds(63));
  CHECK(meter.size() == 1);
  CHECK(meter.Rate(kKey) == 0);
  CHECK(meter.Rate(other) > 0);
}

}  // namespace
}  // namespace paceline::server
