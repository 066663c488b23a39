#include "server/core/rows/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_cat.h"

namespace paceline::server {

absl::StatusOr<Schedule> Schedule::Create(const v1::ScheduleSpec& spec) {
  Schedule schedule(spec);
  switch (spec.kind()) {
    case v1::SCHEDULE_KIND_UNSPECIFIED:
    case v1::SCHEDULE_KIND_CONSTANT:
      return schedule;
    case v1::SCHEDULE_KIND_STEP:
      if (!spec.has_gamma()) schedule.spec_.set_gamma(0.1);
      if (const double gamma = schedule.spec_.gamma(); !(gamma > 0 && gamma <= 1)) {
        return absl::InvalidArgumentError(
            absl::StrCat("schedule.gamma must be in (0, 1], got ", gamma));
      }
      if (spec.step_iterations() == 0) {
        return absl::InvalidArgumentError("schedule.step_iterations must be above 0");
      }
      return schedule;
    case v1::SCHEDULE_KIND_COSINE:
      if (!(spec.min_factor() >= 0 && spec.min_factor() <= 1)) {
        return absl::InvalidArgumentError(
            absl::StrCat("schedule.min_factor must be in [0, 1], got ", spec.min_factor()));
      }
      if (spec.total_iterations() <= spec.warmup_iterations()) {
        return absl::InvalidArgumentError(
            absl::StrCat("schedule.total_iterations must be above warmup_iterations (",
                         spec.warmup_iterations(), "), got ", spec.total_iterations()));
      }
      return schedule;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("schedule.kind: unknown value ", static_cast<int>(spec.kind())));
  }
}

double Schedule::Factor(uint64_t t) const {
  if (t < spec_.warmup_iterations()) {
    return (static_cast<double>(t) + 1) / static_cast<double>(spec_.warmup_iterations());
  }
  switch (spec_.kind()) {
    case v1::SCHEDULE_KIND_STEP:
      return std::pow(spec_.gamma(), static_cast<double>(t / spec_.step_iterations()));
    case v1::SCHEDULE_KIND_COSINE: {
      const double length =
          static_cast<double>(spec_.total_iterations() - spec_.warmup_iterations());
      const double p = std::min(1.0, static_cast<double>(t - spec_.warmup_iterations()) / length);
      const double falling = (1 + std::cos(std::numbers::pi * p)) / 2;
      return spec_.min_factor() + (1 - spec_.min_factor()) * falling;
    }
    default:
      return 1;
  }
}

}  // namespace paceline::server
