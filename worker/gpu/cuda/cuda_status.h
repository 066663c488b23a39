// What the CUDA runtime says, as a status.
#ifndef PACELINE_WORKER_GPU_CUDA_CUDA_STATUS_H_
#define PACELINE_WORKER_GPU_CUDA_CUDA_STATUS_H_

#include <cuda_runtime_api.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace paceline::gpu {

// "GPU 0: cudaEventRecord: an illegal memory access was encountered".
inline absl::Status CudaStatus(cudaError_t error, uint32_t gpu, absl::string_view call) {
  if (error == cudaSuccess) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("GPU ", gpu, ": ", call, ": ", cudaGetErrorString(error)));
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_CUDA_CUDA_STATUS_H_
