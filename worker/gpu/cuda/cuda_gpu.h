// A GPU through the CUDA runtime and cuBLAS.
#ifndef PACELINE_WORKER_GPU_CUDA_CUDA_GPU_H_
#define PACELINE_WORKER_GPU_CUDA_CUDA_GPU_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "worker/gpu/runtime/gpu.h"

namespace paceline::gpu {

// Makes the process's context on GPU `ordinal`: takes some hundred MiB of it. Products run
// on one stream at a time: they share a workspace, which keeps their bits the same.
// Errors:  FailedPrecondition  there is no such GPU, or something is missing: the
//                              toolkit in this build, a driver, cuBLAS; names it.
//          ResourceExhausted   it has no memory for what is needed at once.
absl::StatusOr<std::unique_ptr<Gpu>> OpenCudaGpu(uint32_t ordinal);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_CUDA_CUDA_GPU_H_
