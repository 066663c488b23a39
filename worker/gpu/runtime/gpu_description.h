// What a GPU is.
#ifndef PACELINE_WORKER_GPU_RUNTIME_GPU_DESCRIPTION_H_
#define PACELINE_WORKER_GPU_RUNTIME_GPU_DESCRIPTION_H_

#include <cstdint>
#include <string>

namespace paceline::gpu {

struct GpuDescription {
  // As CUDA counts.
  uint32_t ordinal = 0;
  // "GPU-" and 36 characters, as NVML has it.
  std::string uuid;
  // "NVIDIA H100 80GB HBM3".
  std::string name;
  uint64_t memory_bytes = 0;
  // Compute capability 9.0: 90.
  uint32_t architecture = 0;
};

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_RUNTIME_GPU_DESCRIPTION_H_
