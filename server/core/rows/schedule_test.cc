#include "server/core/rows/schedule.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "common/status/status_matchers.h"

namespace paceline::server {
namespace {

v1::ScheduleSpec Spec(v1::ScheduleKind kind, uint64_t warmup) {
  v1::ScheduleSpec spec;
  spec.set_kind(kind);
  spec.set_warmup_iterations(warmup);
  return spec;
}

double Factor(const v1::ScheduleSpec& spec, uint64_t t) {
  const auto schedule = Schedule::Create(spec);
  REQUIRE_OK(schedule);
  return schedule->Factor(t);
}

TEST_CASE("A constant schedule is 1 after its warm-up") {
  CHECK(Factor({}, 0) == 1);
  CHECK(Factor({}, ~uint64_t{0}) == 1);
  const v1::ScheduleSpec warm = Spec(v1::SCHEDULE_KIND_CONSTANT, 4);
  const double want[] = {0.25, 0.5, 0.75, 1, 1, 1};
  for (uint64_t t = 0; t < 6; ++t) CHECK(Factor(warm, t) == want[t]);
}

TEST_CASE("A step schedule decays every step_iterations") {
  v1::ScheduleSpec spec = Spec(v1::SCHEDULE_KIND_STEP, 2);
  spec.set_step_iterations(3);
  spec.set_gamma(0.5);
  const double want[] = {0.5, 1, 1, 0.5, 0.5, 0.5, 0.25};
  for (uint64_t t = 0; t < 7; ++t) CHECK(Factor(spec, t) == Approx(want[t]));
  spec.clear_gamma();
  CHECK(Factor(spec, 6) == Approx(0.01));
  CHECK(Factor(spec, 1'000'000) >= 0);
}

TEST_CASE("A cosine schedule falls from 1 to min_factor and stays") {
  v1::ScheduleSpec spec = Spec(v1::SCHEDULE_KIND_COSINE, 10);
  spec.set_total_iterations(110);
  spec.set_min_factor(0.2);
  CHECK(Factor(spec, 4) == 0.5);
  CHECK(Factor(spec, 10) == Approx(1));
  CHECK(Factor(spec, 60) == Approx(0.6));
  CHECK(Factor(spec, 35) == Approx(0.2 + 0.8 * (1 + std::sqrt(0.5)) / 2));
  CHECK(Factor(spec, 110) == Approx(0.2));
  CHECK(Factor(spec, 1'000'000) == Approx(0.2));
}

TEST_CASE("Schedules outside their ranges are refused") {
  v1::ScheduleSpec gamma = Spec(v1::SCHEDULE_KIND_STEP, 0);
  gamma.set_step_iterations(1);
  for (const double bad : {0.0, -1.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    gamma.set_gamma(bad);
    CHECK_STATUS(Schedule::Create(gamma), absl::StatusCode::kInvalidArgument, "gamma");
  }
  CHECK_STATUS(Schedule::Create(Spec(v1::SCHEDULE_KIND_STEP, 0)),
               absl::StatusCode::kInvalidArgument, "step_iterations");
  v1::ScheduleSpec cosine = Spec(v1::SCHEDULE_KIND_COSINE, 5);
  CHECK_STATUS(Schedule::Create(cosine), absl::StatusCode::kInvalidArgument,
               "total_iterations must be above warmup_iterations (5), got 0");
  cosine.set_total_iterations(6);
  REQUIRE_OK(Schedule::Create(cosine));
  for (const double bad : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    cosine.set_min_factor(bad);
    CHECK_STATUS(Schedule::Create(cosine), absl::StatusCode::kInvalidArgument, "min_factor");
  }
  v1::ScheduleSpec unknown;
  unknown.set_kind(static_cast<v1::ScheduleKind>(99));
  CHECK_STATUS(Schedule::Create(unknown), absl::StatusCode::kInvalidArgument, "99");
}

}  // namespace
}  // namespace paceline::server
