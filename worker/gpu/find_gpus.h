// The GPUs of this host that Paceline can compute on.
#ifndef PACELINE_WORKER_GPU_FIND_GPUS_H_
#define PACELINE_WORKER_GPU_FIND_GPUS_H_

#include <string>
#include <vector>

#include "worker/gpu/runtime/gpu_description.h"

namespace paceline::gpu {

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
