#include "worker/gpu/models/step_trace.h"

#include <utility>

#include "common/status/status_macros.h"

namespace paceline::worker {

absl::StatusOr<StepTrace> StepTrace::Create(gpu::Gpu* gpu, Clock* clock, Tracer* tracer) {
  PL_ASSIGN_OR_RETURN(gpu::Event met, gpu::Event::Create(gpu));
  return StepTrace(gpu, clock, tracer, std::move(met));
}

absl::Status StepTrace::Meet(const gpu::Stream& stream) {
  if (!on()) return absl::OkStatus();
  PL_RETURN_IF_ERROR(met_.Record(stream));
  PL_RETURN_IF_ERROR(met_.Synchronize());
  met_at_ = clock_->Monotonic();
  return absl::OkStatus();
}

void StepTrace::Add(TraceTrack track, absl::string_view name, uint64_t iteration,
                    const gpu::Event& begin, const gpu::Event& end, uint64_t bytes) {
  if (!on()) return;
  const absl::StatusOr<absl::Duration> from = gpu_->Elapsed(met_.get(), begin.get());
  const absl::StatusOr<absl::Duration> to = gpu_->Elapsed(met_.get(), end.get());
  if (!from.ok() || !to.ok()) return;
  tracer_->Add({track, name, iteration, met_at_ + *from, met_at_ + *to, bytes});
}

}  // namespace paceline::worker
