// What a rank does to its gradient before any byte of it leaves.
#ifndef PACELINE_WORKER_CORE_TASK_GRADIENT_GUARD_H_
#define PACELINE_WORKER_CORE_TASK_GRADIENT_GUARD_H_

#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"
#include "worker/core/model.h"

namespace paceline::worker {

// Clips a gradient by its L2 norm over all tables together and finds values that
// are not finite. Tables that are added to (optimizer `add`) are left out of the
// norm and never scaled.
//
// With neither clip_norm nor on_non_finite: skip the gradient need not wait for
// its last table: gradients leave layer by layer, and servers refuse what is not
// finite.
//
// Immutable.
class GradientGuard {
 public:
  // `tables` outlive the guard.
  GradientGuard(const v1::TrainSpec& train, absl::Span<const v1::TableSpec> tables);

  // The whole gradient has to be seen before any of it leaves.
  bool needs_whole() const { return clip_norm_ > 0 || skip_non_finite_; }
  bool skip_non_finite() const { return skip_non_finite_; }

  // The first table that holds a NaN or an infinity. Cost: one pass.
  std::optional<uint32_t> FindNonFinite(const Gradients& gradients) const;

  // Scales the gradient by min(1, clip_norm / (norm * rescale)), where `rescale`
  // turns it into the rank's own mean gradient (bsp sends shares of the round's
  // mean). Returns the factor. Cost: two passes, the second only if it clips.
  double ClipNorm(double rescale, Gradients* gradients) const;

 private:
  const absl::Span<const v1::TableSpec> tables_;
  const double clip_norm_;
  const bool skip_non_finite_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_GRADIENT_GUARD_H_
