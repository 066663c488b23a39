// For tests: the vector targets of this machine, one after the other.
#ifndef PACELINE_COMMON_VECTOR_TARGETS_H_
#define PACELINE_COMMON_VECTOR_TARGETS_H_

#include <cstdint>
#include <vector>

#include "hwy/highway.h"

namespace paceline {

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

}  // namespace paceline

#endif  // PACELINE_COMMON_VECTOR_TARGETS_H_
