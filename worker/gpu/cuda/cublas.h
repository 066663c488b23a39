// cuBLAS, loaded at run time: a program that never computes on a GPU needs none of it.
#ifndef PACELINE_WORKER_GPU_CUDA_CUBLAS_H_
#define PACELINE_WORKER_GPU_CUDA_CUBLAS_H_

#include <cublas_v2.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline::gpu {

// The functions that Paceline calls, by their names in cublas_v2.h.
struct Cublas {
  decltype(&::cublasCreate_v2) create;
  decltype(&::cublasDestroy_v2) destroy;
  decltype(&::cublasSetStream_v2) set_stream;
  decltype(&::cublasSetWorkspace_v2) set_workspace;
  // Written out, since C++ has two of each name.
  cublasStatus_t (*gemm_ex)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int m, int n,
                            int k, const void* alpha, const void* a, cudaDataType, int lda,
                            const void* b, cudaDataType, int ldb, const void* beta, void* c,
                            cudaDataType, int ldc, cublasComputeType_t, cublasGemmAlgo_t);
  cublasStatus_t (*gemm_strided_batched_ex)(cublasHandle_t, cublasOperation_t, cublasOperation_t,
                                            int m, int n, int k, const void* alpha, const void* a,
                                            cudaDataType, int lda, long long stride_a,
                                            const void* b, cudaDataType, int ldb,
                                            long long stride_b, const void* beta, void* c,
                                            cudaDataType, int ldc, long long stride_c, int batch,
                                            cublasComputeType_t, cublasGemmAlgo_t);
  decltype(&::cublasGetProperty) get_property;
  decltype(&::cublasGetStatusString) get_status_string;
  // "cuBLAS-13.0.2".
  std::string version;

  absl::Status StatusOf(cublasStatus_t status, absl::string_view call) const;
};

// Loads it once for the process, where the loader finds it (LD_LIBRARY_PATH, the
// program's own folders, the system's) or in the toolkit's usual place.
// Errors:  FailedPrecondition  it is not there, or too old; says what was looked for.
// Thread-safe.
const absl::StatusOr<Cublas>& LoadCublas();

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_CUDA_CUBLAS_H_
