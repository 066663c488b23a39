#include "worker/gpu/open_device.h"

#include <utility>

#include "common/status/status_macros.h"
#include "worker/gpu/cuda/cuda_gpu.h"
#include "worker/gpu/gpu_device.h"

namespace paceline::worker {

absl::StatusOr<OpenedGpu> OpenGpuDevice(uint32_t ordinal, Clock* clock, Tracer* tracer) {
  PL_ASSIGN_OR_RETURN(std::unique_ptr<gpu::Gpu> gpu, gpu::OpenCudaGpu(ordinal));
  std::string name = gpu->description().name;
  return OpenedGpu{std::make_unique<GpuDevice>(std::move(gpu), clock, tracer), std::move(name)};
}

}  // namespace paceline::worker
