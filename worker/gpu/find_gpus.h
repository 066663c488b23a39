// The GPUs of this host that Paceline can compute on.
#ifndef PACELINE_WORKER_GPU_FIND_GPUS_H_
#define PACELINE_WORKER_GPU_FIND_GPUS_H_

#include <cstdint>
#include <string>
#include <vector>

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

struct GpusFound {
  std::vector<GpuDescription> gpus;
  // What is missing, if there are none: the toolkit when this was built, a driver, a
  // device, cuBLAS.
  std::string reason;
};

// Makes no context: it takes no memory of a GPU. Thread-safe.
GpusFound FindGpus();

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_FIND_GPUS_H_
