// For tests: the vector targets of this machine, one after the other.
#ifndef PACELINE_SERVER_CORE_ROWS_VECTOR_TARGETS_H_
#define PACELINE_SERVER_CORE_ROWS_VECTOR_TARGETS_H_

#include <cstdint>
#include <vector>

#include "hwy/highway.h"

namespace paceline::server {

// Runs fn(name) once for each vector target that the machine supports and the
// kernels were compiled for, then returns to the best. Not thread-safe.
template <typename Fn>
void ForEachVectorTarget(Fn fn) {
  hwy::SetSupportedTargetsForTest(0);
  const std::vector<int64_t> targets = hwy::SupportedAndGeneratedTargets();
  for (const int64_t target : targets) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    fn(hwy::TargetName(target));
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_VECTOR_TARGETS_H_
