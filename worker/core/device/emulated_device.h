// A device that takes time and sends gradients, but computes nothing: it lets a
// cluster be measured with more ranks than the machine has cores. Figures that
// come from it say so.
//
// The step of (seed, rank, iteration) takes
//
//   train.emulated_step_ms * exp(train.emulated_jitter * normal(seed, rank, iteration))
//
// a lognormal time with that median: a third of it is the forward pass; then tables
// become ready from the last to the first, each after its share of the rest by its
// number of values. Gradients are noise in [-kEmulatedNoise, kEmulatedNoise), a function of (seed,
// rank, iteration, table); the counting model's are exact. There are no losses, and
// no predictions (width 0).
#ifndef PACELINE_WORKER_CORE_DEVICE_EMULATED_DEVICE_H_
#define PACELINE_WORKER_CORE_DEVICE_EMULATED_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/clock.h"
#include "worker/core/device/device.h"
#include "worker/core/trace/tracer.h"

namespace paceline::worker {

inline constexpr float kEmulatedNoise = 1e-3f;

// Longest step: a jitter that goes beyond is cut.
inline constexpr absl::Duration kMaxEmulatedStep = absl::Hours(1);

// The time of a step. A pure function.
absl::Duration EmulatedStepTime(const v1::TrainSpec& train, uint32_t rank, uint64_t iteration);

// Thread-compatible; the clock and the tracer, which may be null, outlive it.
class EmulatedDevice final : public Device {
 public:
  explicit EmulatedDevice(Clock* clock, Tracer* tracer = nullptr)
      : clock_(clock), tracer_(tracer) {}

  absl::string_view name() const override { return "emulated"; }
  std::string numeric_class() const override { return "emulated"; }
  // Every kind of model can be emulated.
  absl::StatusOr<std::unique_ptr<Runner>> CreateRunner(const v1::JobSpec& spec, const Model& model,
                                                       uint64_t features,
                                                       uint32_t classes) override;

 private:
  Clock* const clock_;
  Tracer* const tracer_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DEVICE_EMULATED_DEVICE_H_
