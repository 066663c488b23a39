// The error of a GPU that has no memory left, with the numbers.
#ifndef PACELINE_WORKER_GPU_RUNTIME_OUT_OF_MEMORY_H_
#define PACELINE_WORKER_GPU_RUNTIME_OUT_OF_MEMORY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "worker/gpu/runtime/gpu.h"

namespace paceline::gpu {

// "GPU 0 (NVIDIA H100 80GB HBM3): out of memory: 1536.0 MiB needed for gradients of table
// layer0/weight, 312.5 MiB free of 81559.0 MiB": ResourceExhausted.
absl::Status OutOfMemory(const GpuDescription& gpu, uint64_t needed, absl::string_view what,
                         const GpuMemory& memory);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_RUNTIME_OUT_OF_MEMORY_H_
