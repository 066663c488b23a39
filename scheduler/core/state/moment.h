// A point in time as the decisions of the scheduler see it.
#ifndef PACELINE_SCHEDULER_CORE_STATE_MOMENT_H_
#define PACELINE_SCHEDULER_CORE_STATE_MOMENT_H_

#include <cstdint>

#include "absl/time/time.h"

namespace paceline::scheduler {

// Taken once per event, outside the core. Immutable.
struct Moment {
  // Clock::Monotonic(): what silence is measured with.
  absl::Duration monotonic;
  // Milliseconds since 1970: shown to people, decides nothing.
  int64_t wall_ms = 0;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_MOMENT_H_
