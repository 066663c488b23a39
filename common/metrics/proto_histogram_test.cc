#include "common/metrics/proto_histogram.h"

#include <catch2/catch.hpp>
#include <limits>

#include "common/status/status_matchers.h"

namespace paceline::metrics {
namespace {

TEST_CASE("a histogram arrives as it left") {
  Histogram histogram({1, 2.5});
  histogram.Observe(2);
  histogram.Observe(7);
  v1::Histogram proto;
  proto.add_counts(99);
  ToProto(histogram.Read(), &proto);
  REQUIRE_OK_AND_ASSIGN(const Buckets back, FromProto(proto));
  CHECK(back.bounds == std::vector<double>{1, 2.5});
  CHECK(back.counts == std::vector<uint64_t>{0, 1, 1});
  CHECK(back.sum == 9);
}

TEST_CASE("none is an empty one") {
  REQUIRE_OK_AND_ASSIGN(const Buckets none, FromProto(v1::Histogram()));
  CHECK(none.counts.empty());
}

TEST_CASE("what is no histogram is refused") {
  v1::Histogram short_by_one;
  short_by_one.add_bounds(1);
  short_by_one.add_counts(1);
  REQUIRE_STATUS(FromProto(short_by_one), absl::StatusCode::kInvalidArgument,
                 "1 bounds and 1 counts");
  v1::Histogram many;
  for (int i = 0; i < 65; ++i) many.add_bounds(i);
  for (int i = 0; i < 66; ++i) many.add_counts(i);
  REQUIRE_STATUS(FromProto(many), absl::StatusCode::kInvalidArgument, "at most 64");
  v1::Histogram down;
  for (const double bound : {2.0, 1.0}) down.add_bounds(bound);
  for (int i = 0; i < 3; ++i) down.add_counts(i);
  REQUIRE_STATUS(FromProto(down), absl::StatusCode::kInvalidArgument, "ascend");
  down.set_bounds(0, 0);
  REQUIRE_OK(FromProto(down).status());
  down.set_sum(std::numeric_limits<double>::quiet_NaN());
  REQUIRE_STATUS(FromProto(down), absl::StatusCode::kInvalidArgument, "finite");
}

}  // namespace
}  // namespace paceline::metrics
