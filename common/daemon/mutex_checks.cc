#include "common/daemon/mutex_checks.h"

#include "absl/synchronization/mutex.h"

namespace paceline {

void SkipMutexChecks() {
#ifdef NDEBUG
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
}

}  // namespace paceline
