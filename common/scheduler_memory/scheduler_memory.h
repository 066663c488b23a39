// Which scheduler a node or a task has spoken to, so that one that was started on
// a copy of an old folder cannot command it.
#ifndef PACELINE_COMMON_SCHEDULER_MEMORY_SCHEDULER_MEMORY_H_
#define PACELINE_COMMON_SCHEDULER_MEMORY_SCHEDULER_MEMORY_H_

#include "absl/status/status.h"
#include "proto/node.pb.h"

namespace paceline {

// Thread-compatible.
class SchedulerMemory {
 public:
  // Whether a reply of this scheduler may be heeded; if so, remembers it.
  // Errors:  FailedPrecondition  it is of another cluster, of an older generation,
  //                              of the same generation but another start, or its
  //                              journal is behind what was seen. A new generation
  //                              must have begun behind all that was seen of the
  //                              last: else it began on an older copy of the
  //                              journal. Names both.
  absl::Status Check(const v1::SchedulerIdentity& scheduler);

  // The scheduler heard last; empty before the first.
  const v1::SchedulerIdentity& last() const { return last_; }

 private:
  v1::SchedulerIdentity last_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_SCHEDULER_MEMORY_SCHEDULER_MEMORY_H_
