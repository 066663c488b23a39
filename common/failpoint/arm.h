// Arms failpoints: for --test-faults and for tests, and visible to nobody else.
//
// Thread-safe.
#ifndef PACELINE_COMMON_FAILPOINT_ARM_H_
#define PACELINE_COMMON_FAILPOINT_ARM_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/failpoint/failpoint.h"

namespace paceline {

struct FailpointRule {
  enum class Action { kKill, kError, kDelay, kHang };

  // In kFailpoints.
  size_t failpoint = 0;
  Action action = Action::kError;
  // Of kError.
  absl::StatusCode code = absl::StatusCode::kUnavailable;
  // Of kDelay.
  absl::Duration delay;
  // The hits that it is for, counted from 1 since the failpoint was armed.
  uint64_t first = 1;
  uint64_t last = std::numeric_limits<uint64_t>::max();
};

// Replaces what was armed. A failpoint may have several rules; those that are for a
// hit act in their order, until one returns an error.
void ArmFailpoints(const std::vector<FailpointRule>& rules);

// Nothing is armed any more; whoever hangs or is delayed goes on.
void DisarmFailpoints();

// Since it was armed; 0 if it has no rule.
uint64_t FailpointHits(FailpointName name);

}  // namespace paceline

#endif  // PACELINE_COMMON_FAILPOINT_ARM_H_
