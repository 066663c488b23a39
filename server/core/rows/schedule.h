// Learning-rate schedules: the factor on the learning rate at iteration t, a
// function of t alone.
//
//   while t < warmup:  (t + 1) / warmup
//   constant:          1
//   step:              gamma ^ floor(t / step_iterations)
//   cosine:            min + (1 - min) * (1 + cos(pi * p)) / 2,
//                      p = min(1, (t - warmup) / (total - warmup))
//
// The step schedule counts warm-up iterations too: its factor is what it would be
// without a warm-up.
//
// Immutable.
#ifndef PACELINE_SERVER_CORE_ROWS_SCHEDULE_H_
#define PACELINE_SERVER_CORE_ROWS_SCHEDULE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"

namespace paceline::server {

class Schedule {
 public:
  // Errors:  InvalidArgument  gamma outside (0, 1], min_factor outside [0, 1],
  //                           step without step_iterations, cosine without
  //                           total_iterations > warmup_iterations.
  static absl::StatusOr<Schedule> Create(const v1::ScheduleSpec& spec);

  // In [0, 1].
  double Factor(uint64_t t) const;

 private:
  explicit Schedule(const v1::ScheduleSpec& spec) : spec_(spec) {}
  v1::ScheduleSpec spec_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_SCHEDULE_H_
