#include "tests/gpu/gemm.h"

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include "tests/gpu/device_memory.h"

namespace paceline::gpu::testing {
namespace {

// Own memory for cuBLAS: with it, products are the same to the bit, run after run.
constexpr size_t kWorkspaceBytes = size_t{32} << 20;

struct Calls {
  cublasStatus_t (*create)(cublasHandle_t*);
  cublasStatus_t (*destroy)(cublasHandle_t);
  cublasStatus_t (*get_version)(cublasHandle_t, int*);
  cublasStatus_t (*set_stream)(cublasHandle_t, cudaStream_t);
  cublasStatus_t (*set_workspace)(cublasHandle_t, void*, size_t);
  cublasStatus_t (*gemm_ex)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int,
                            const void*, const void*, cudaDataType, int, const void*, cudaDataType,
                            int, const void*, void*, cudaDataType, int, cublasComputeType_t,
                            cublasGemmAlgo_t);
  cublasStatus_t (*gemm_strided_batched_ex)(cublasHandle_t, cublasOperation_t, cublasOperation_t,
                                            int, int, int, const void*, const void*, cudaDataType,
                                            int, long long, const void*, cudaDataType, int,
                                            long long, const void*, void*, cudaDataType, int,
                                            long long, int, cublasComputeType_t, cublasGemmAlgo_t);
};

template <typename Function>
bool Find(void* library, const char* name, Function* function, std::string* error) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  if (*function == nullptr) *error = std::string("cuBLAS has no ") + name;
  return *function != nullptr;
}

bool LoadCalls(Calls* calls, std::string* error) {
  const std::string versioned = "libcublas.so." + std::to_string(CUDART_VERSION / 1000);
  void* library = dlopen(versioned.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) library = dlopen("libcublas.so", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    *error = dlerror();
    return false;
  }
  return Find(library, "cublasCreate_v2", &calls->create, error) &&
         Find(library, "cublasDestroy_v2", &calls->destroy, error) &&
         Find(library, "cublasGetVersion_v2", &calls->get_version, error) &&
         Find(library, "cublasSetStream_v2", &calls->set_stream, error) &&
         Find(library, "cublasSetWorkspace_v2", &calls->set_workspace, error) &&
         Find(library, "cublasGemmEx", &calls->gemm_ex, error) &&
         Find(library, "cublasGemmStridedBatchedEx", &calls->gemm_strided_batched_ex, error);
}

const char* StatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
    case CUBLAS_STATUS_ARCH_MISMATCH:
      return "CUBLAS_STATUS_ARCH_MISMATCH";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    default:
      return "another status than success";
  }
}

cudaDataType TypeOf(Precision precision) {
  switch (precision) {
    case Precision::kBf16:
      return CUDA_R_16BF;
    case Precision::kFp16:
      return CUDA_R_16F;
    default:
      return CUDA_R_32F;
  }
}

class LoadedGemm : public Gemm {
 public:
  explicit LoadedGemm(const Calls& calls) : calls_(calls) {}
  ~LoadedGemm() override {
    if (handle_ != nullptr) calls_.destroy(handle_);
    (void)cudaFree(workspace_);
  }

  bool Start(StreamHandle stream, std::string* error) {
    Require(cudaMalloc(&workspace_, kWorkspaceBytes), "cudaMalloc");
    if (calls_.create(&handle_) == CUBLAS_STATUS_SUCCESS &&
        calls_.get_version(handle_, &version_) == CUBLAS_STATUS_SUCCESS &&
        calls_.set_stream(handle_, static_cast<cudaStream_t>(stream)) == CUBLAS_STATUS_SUCCESS &&
        calls_.set_workspace(handle_, workspace_, kWorkspaceBytes) == CUBLAS_STATUS_SUCCESS) {
      return true;
    }
    *error = "cuBLAS does not start";
    return false;
  }

  Launched Multiply(const Product& p, const void* a, const void* b, float* c) override {
    if (p.m == 0 || p.n == 0 || p.batch == 0) return {};
    const float one = 1;
    const float zero = 0;
    // cuBLAS counts by columns, and sees the transpose of each of ours: c' = b' a'.
    const int m = static_cast<int>(p.m);
    const int n = static_cast<int>(p.n);
    const int k = static_cast<int>(p.k);
    const cudaDataType type = TypeOf(p.precision);
    const cublasOperation_t of_a = p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t of_b = p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
    const int lda = p.transpose_a ? m : k;
    const int ldb = p.transpose_b ? k : n;
    const cublasComputeType_t compute =
        p.precision == Precision::kTf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    if (p.batch == 1) {
      const cublasStatus_t status =
          calls_.gemm_ex(handle_, of_b, of_a, n, m, k, &one, b, type, ldb, a, type, lda, &zero, c,
                         CUDA_R_32F, n, compute, CUBLAS_GEMM_DEFAULT);
      if (status == CUBLAS_STATUS_SUCCESS) return {};
      return {"cublasGemmEx", StatusName(status)};
    }
    const auto stride = [](uint64_t values) { return static_cast<long long>(values); };
    const cublasStatus_t status = calls_.gemm_strided_batched_ex(
        handle_, of_b, of_a, n, m, k, &one, b, type, ldb, stride(p.k * p.n), a, type, lda,
        stride(p.m * p.k), &zero, c, CUDA_R_32F, n, stride(p.m * p.n), static_cast<int>(p.batch),
        compute, CUBLAS_GEMM_DEFAULT);
    if (status == CUBLAS_STATUS_SUCCESS) return {};
    return {"cublasGemmStridedBatchedEx", StatusName(status)};
  }

  int version() const override { return version_; }

 private:
  const Calls calls_;
  cublasHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
  int version_ = 0;
};

}  // namespace

const char* PrecisionName(Precision precision) {
  switch (precision) {
    case Precision::kFloat32:
      return "float32";
    case Precision::kTf32:
      return "tf32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kFp16:
      return "fp16";
  }
  return "";
}

size_t BytesOf(Precision precision) {
  return precision == Precision::kBf16 || precision == Precision::kFp16 ? 2 : 4;
}

std::string Product::Text() const {
  return (batch == 1 ? std::string() : std::to_string(batch) + " of ") + (transpose_a ? "T" : "N") +
         (transpose_b ? "T " : "N ") + PrecisionName(precision) + " " + std::to_string(m) + "x" +
         std::to_string(n) + "x" + std::to_string(k);
}

std::unique_ptr<Gemm> Gemm::Load(StreamHandle stream, std::string* error) {
  Calls calls;
  if (!LoadCalls(&calls, error)) return nullptr;
  auto gemm = std::make_unique<LoadedGemm>(calls);
  if (!gemm->Start(stream, error)) return nullptr;
  return gemm;
}

}  // namespace paceline::gpu::testing
