// Calls that a caller's role does not allow, as lines of the audit log.
//
// A caller can have as many calls denied as it likes, and the log keeps its newest files
// alone: of each caller kLinesPerMinute are recorded, all at once or one after the other. The
// next line of anybody ends with how many were left out before it. What a caller chose to
// call is cut at kMaxMethodBytes.
//
// Thread-safe.
#ifndef PACELINE_SCHEDULER_IO_DENIED_CALLS_H_
#define PACELINE_SCHEDULER_IO_DENIED_CALLS_H_

#include <cstddef>
#include <cstdint>

#include "common/audit/audit_log.h"
#include "common/clock.h"
#include "common/rpc/denied_call.h"
#include "common/sync.h"
#include "scheduler/core/admission/submit_rate.h"

namespace paceline::scheduler {

class DeniedCalls {
 public:
  static constexpr uint64_t kLinesPerMinute = 60;
  static constexpr size_t kMaxMethodBytes = 128;

  // Both outlive it.
  DeniedCalls(AuditLog* audit, Clock* clock) : audit_(audit), clock_(clock) {}

  void Record(const DeniedCall& call);

 private:
  AuditLog* const audit_;
  Clock* const clock_;
  Mutex mu_;
  SubmitRate rate_ ABSL_GUARDED_BY(mu_);
  // Since the last line.
  uint64_t left_out_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_DENIED_CALLS_H_
