// The device "cuda": models on one GPU.
#ifndef PACELINE_WORKER_GPU_GPU_DEVICE_H_
#define PACELINE_WORKER_GPU_GPU_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "common/clock.h"
#include "worker/core/device/device.h"
#include "worker/core/tensor_memory.h"
#include "worker/core/trace/tracer.h"
#include "worker/gpu/runtime/gpu.h"

namespace paceline::worker {

// As long as it lives, large tensors of the process lie in memory that the GPU copies from
// and to (tensor_memory.h). Thread-compatible.
class GpuDevice final : public Device {
 public:
  // Clock and tracer outlive the device and its runners; the tracer may be null.
  GpuDevice(std::shared_ptr<gpu::Gpu> gpu, Clock* clock, Tracer* tracer);
  ~GpuDevice() override;

  absl::string_view name() const override { return "cuda"; }
  // GPU and library: "cuda/NVIDIA H100 80GB HBM3/cuBLAS-13.0.2".
  std::string numeric_class() const override;
  // Runs every kind of model that learns from data.
  // Errors:  InvalidArgument also for a precision that the GPU does not have;
  //          ResourceExhausted too.
  absl::StatusOr<std::unique_ptr<Runner>> CreateRunner(const v1::JobSpec& spec, const Model& model,
                                                       uint64_t features,
                                                       uint32_t classes) override;

 private:
  const std::shared_ptr<gpu::Gpu> gpu_;
  Clock* const clock_;
  Tracer* const tracer_;
  const std::shared_ptr<HostPinner> pinner_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_GPU_DEVICE_H_
