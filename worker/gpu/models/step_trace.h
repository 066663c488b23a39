// Puts what a GPU did when into the trace of the task.
//
// The GPU's clock meets the host's at an event that both see; what lies between two events
// is dated from there. Without a tracer nothing is measured.
#ifndef PACELINE_WORKER_GPU_MODELS_STEP_TRACE_H_
#define PACELINE_WORKER_GPU_MODELS_STEP_TRACE_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/clock.h"
#include "worker/core/trace/tracer.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Thread-compatible; GPU, clock and tracer outlive it.
class StepTrace {
 public:
  // `tracer` may be null.
  static absl::StatusOr<StepTrace> Create(gpu::Gpu* gpu, Clock* clock, Tracer* tracer);

  bool on() const { return tracer_ != nullptr; }
  // Events from now on can be dated. Waits for the stream.
  absl::Status Meet(const gpu::Stream& stream);
  // A span between two events that have happened. `name` is a literal.
  void Add(TraceTrack track, absl::string_view name, uint64_t iteration, const gpu::Event& begin,
           const gpu::Event& end, uint64_t bytes);

 private:
  StepTrace(gpu::Gpu* gpu, Clock* clock, Tracer* tracer, gpu::Event met)
      : gpu_(gpu), clock_(clock), tracer_(tracer), met_(std::move(met)) {}

  gpu::Gpu* gpu_;
  Clock* clock_;
  Tracer* tracer_;
  gpu::Event met_;
  absl::Duration met_at_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_STEP_TRACE_H_
