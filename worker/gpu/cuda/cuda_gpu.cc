#include "worker/gpu/cuda/cuda_gpu.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "common/sync.h"
#include "worker/gpu/cuda/cublas.h"
#include "worker/gpu/cuda/cuda_status.h"
#include "worker/gpu/find_gpus.h"
#include "worker/gpu/runtime/out_of_memory.h"

namespace paceline::gpu {
namespace {

// What cuBLAS asks for on Hopper; with a fixed one its choice of kernels is fixed, too.
constexpr uint64_t kWorkspaceBytes = uint64_t{32} << 20;

cudaStream_t StreamOf(StreamHandle stream) { return static_cast<cudaStream_t>(stream); }
cudaEvent_t EventOf(EventHandle event) { return static_cast<cudaEvent_t>(event); }

cudaDataType_t DataTypeOf(MatrixType type) {
  switch (type) {
    case MatrixType::kBf16:
      return CUDA_R_16BF;
    case MatrixType::kFp16:
      return CUDA_R_16F;
    default:
      return CUDA_R_32F;
  }
}

class CudaGpu final : public Gpu {
 public:
  CudaGpu(GpuDescription description, const Cublas* cublas)
      : description_(std::move(description)), cublas_(cublas) {}

  ~CudaGpu() override {
    if (!Use().ok()) return;
    if (handle_ != nullptr) cublas_->destroy(handle_);
    if (workspace_ != nullptr) cudaFree(workspace_);
  }

  absl::Status Open() {
    PL_RETURN_IF_ERROR(Use());
    PL_ASSIGN_OR_RETURN(workspace_, Allocate(kWorkspaceBytes, "cuBLAS"));
    MutexLock lock(&mu_);
    return cublas_->StatusOf(cublas_->create(&handle_), "Create");
  }

  const GpuDescription& description() const override { return description_; }
  std::string math_library() const override { return cublas_->version; }

  absl::StatusOr<GpuMemory> Memory() override {
    PL_RETURN_IF_ERROR(Use());
    size_t free = 0;
    size_t total = 0;
    PL_RETURN_IF_ERROR(StatusOf(cudaMemGetInfo(&free, &total), "cudaMemGetInfo"));
    return GpuMemory{free, total};
  }

  absl::StatusOr<void*> Allocate(uint64_t bytes, absl::string_view what) override {
    PL_RETURN_IF_ERROR(Use());
    void* memory = nullptr;
    const cudaError_t error = cudaMalloc(&memory, bytes);
    if (error == cudaSuccess) return memory;
    if (error != cudaErrorMemoryAllocation) return StatusOf(error, "cudaMalloc");
    // It stays as the last error otherwise, and the next launch would report it.
    cudaGetLastError();
    PL_ASSIGN_OR_RETURN(const GpuMemory memory_now, Memory());
    return OutOfMemory(description_, bytes, what, memory_now);
  }

  void Free(void* memory) override {
    if (Use().ok()) cudaFree(memory);
  }

  absl::StatusOr<void*> AllocatePinned(uint64_t bytes, absl::string_view what) override {
    PL_RETURN_IF_ERROR(Use());
    void* memory = nullptr;
    const cudaError_t error = cudaMallocHost(&memory, bytes);
    if (error == cudaSuccess) return memory;
    cudaGetLastError();
    if (error != cudaErrorMemoryAllocation) return StatusOf(error, "cudaMallocHost");
    return absl::ResourceExhaustedError(absl::StrFormat(
        "GPU %d: %d bytes of pinned memory needed for %s: the host has none to give",
        description_.ordinal, bytes, what));
  }

  void FreePinned(void* memory) override {
    if (Use().ok()) cudaFreeHost(memory);
  }

  absl::Status Pin(void* memory, uint64_t bytes) override {
    PL_RETURN_IF_ERROR(Use());
    const cudaError_t error = cudaHostRegister(memory, bytes, cudaHostRegisterPortable);
    if (error != cudaSuccess) cudaGetLastError();
    return StatusOf(error, "cudaHostRegister");
  }

  void Unpin(void* memory) override {
    if (Use().ok()) cudaHostUnregister(memory);
  }

  absl::StatusOr<StreamHandle> CreateStream() override {
    PL_RETURN_IF_ERROR(Use());
    cudaStream_t stream = nullptr;
    PL_RETURN_IF_ERROR(StatusOf(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking),
                                "cudaStreamCreateWithFlags"));
    return static_cast<StreamHandle>(stream);
  }

  void DestroyStream(StreamHandle stream) override {
    if (!Use().ok()) return;
    cudaStreamSynchronize(StreamOf(stream));
    cudaStreamDestroy(StreamOf(stream));
  }

  absl::StatusOr<EventHandle> CreateEvent() override {
    PL_RETURN_IF_ERROR(Use());
    cudaEvent_t event = nullptr;
    PL_RETURN_IF_ERROR(StatusOf(cudaEventCreate(&event), "cudaEventCreate"));
    return static_cast<EventHandle>(event);
  }

  void DestroyEvent(EventHandle event) override {
    if (Use().ok()) cudaEventDestroy(EventOf(event));
  }

  absl::Status Record(EventHandle event, StreamHandle stream) override {
    PL_RETURN_IF_ERROR(Use());
    return StatusOf(cudaEventRecord(EventOf(event), StreamOf(stream)), "cudaEventRecord");
  }

  absl::Status Wait(StreamHandle stream, EventHandle event) override {
    PL_RETURN_IF_ERROR(Use());
    return StatusOf(cudaStreamWaitEvent(StreamOf(stream), EventOf(event), 0),
                    "cudaStreamWaitEvent");
  }

  absl::Status Synchronize(EventHandle event) override {
    PL_RETURN_IF_ERROR(Use());
    return StatusOf(cudaEventSynchronize(EventOf(event)), "cudaEventSynchronize");
  }

  absl::StatusOr<absl::Duration> Elapsed(EventHandle from, EventHandle to) override {
    PL_RETURN_IF_ERROR(Use());
    float ms = 0;
    PL_RETURN_IF_ERROR(
        StatusOf(cudaEventElapsedTime(&ms, EventOf(from), EventOf(to)), "cudaEventElapsedTime"));
    return absl::Milliseconds(ms);
  }

  absl::Status CopyToDevice(void* device, const void* host, uint64_t bytes,
                            StreamHandle stream) override {
    PL_RETURN_IF_ERROR(Use());
    return StatusOf(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, StreamOf(stream)),
                    "cudaMemcpyAsync to the device");
  }

  absl::Status CopyToHost(void* host, const void* device, uint64_t bytes,
                          StreamHandle stream) override {
    PL_RETURN_IF_ERROR(Use());
    return StatusOf(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, StreamOf(stream)),
                    "cudaMemcpyAsync to the host");
  }

  absl::Status Fill(void* device, uint8_t value, uint64_t bytes, StreamHandle stream) override {
    PL_RETURN_IF_ERROR(Use());
    return StatusOf(cudaMemsetAsync(device, value, bytes, StreamOf(stream)), "cudaMemsetAsync");
  }

  absl::Status Gemm(const GemmCall& call, StreamHandle stream) override {
    if (call.m == 0 || call.n == 0 || call.batch == 0) return absl::OkStatus();
    PL_RETURN_IF_ERROR(Use());
    MutexLock lock(&mu_);
    PL_RETURN_IF_ERROR(
        cublas_->StatusOf(cublas_->set_stream(handle_, StreamOf(stream)), "SetStream"));
    // A new stream takes the workspace away.
    PL_RETURN_IF_ERROR(cublas_->StatusOf(
        cublas_->set_workspace(handle_, workspace_, kWorkspaceBytes), "SetWorkspace"));
    // cuBLAS counts columns first: transpose(c) = transpose(op(b)) * transpose(op(a)).
    const auto operation = [](bool transpose) { return transpose ? CUBLAS_OP_T : CUBLAS_OP_N; };
    const cudaDataType_t type = DataTypeOf(call.type);
    const int m = static_cast<int>(call.m);
    const int n = static_cast<int>(call.n);
    const int k = static_cast<int>(call.k);
    const cublasComputeType_t compute =
        call.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    if (call.batch > 1) {
      const auto stride = [](uint64_t values) { return static_cast<long long>(values); };
      return cublas_->StatusOf(
          cublas_->gemm_strided_batched_ex(
              handle_, operation(call.transpose_b), operation(call.transpose_a), n, m, k,
              &call.alpha, call.b, type, std::max(1, call.transpose_b ? k : n),
              stride(call.k * call.n), call.a, type, std::max(1, call.transpose_a ? m : k),
              stride(call.m * call.k), &call.beta, call.c, CUDA_R_32F, n, stride(call.m * call.n),
              static_cast<int>(call.batch), compute, CUBLAS_GEMM_DEFAULT),
          absl::StrCat("GemmStridedBatchedEx of ", call.batch, " x ", m, " x ", n, " x ", k));
    }
    return cublas_->StatusOf(
        cublas_->gemm_ex(handle_, operation(call.transpose_b), operation(call.transpose_a), n, m, k,
                         &call.alpha, call.b, type, std::max(1, call.transpose_b ? k : n), call.a,
                         type, std::max(1, call.transpose_a ? m : k), &call.beta, call.c,
                         CUDA_R_32F, n, compute, CUBLAS_GEMM_DEFAULT),
        absl::StrCat("GemmEx of ", m, " x ", n, " x ", k));
  }

 private:
  // The device belongs to the thread.
  absl::Status Use() const {
    return StatusOf(cudaSetDevice(static_cast<int>(description_.ordinal)), "cudaSetDevice");
  }

  absl::Status StatusOf(cudaError_t error, absl::string_view call) const {
    return CudaStatus(error, description_.ordinal, call);
  }

  const GpuDescription description_;
  const Cublas* const cublas_;
  void* workspace_ = nullptr;
  Mutex mu_;
  cublasHandle_t handle_ ABSL_GUARDED_BY(mu_) = nullptr;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Gpu>> OpenCudaGpu(uint32_t ordinal) {
  const GpusFound found = FindGpus();
  std::vector<std::string> known;
  for (const GpuDescription& description : found.gpus) {
    known.push_back(absl::StrCat(description.ordinal, " (", description.name, ")"));
    if (description.ordinal != ordinal) continue;
    auto gpu = std::make_unique<CudaGpu>(description, &*LoadCublas());
    PL_RETURN_IF_ERROR(gpu->Open());
    return gpu;
  }
  if (known.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("GPU ", ordinal, ": ", found.reason));
  }
  return absl::FailedPreconditionError(absl::StrCat("GPU ", ordinal, ": there is none; one of ",
                                                    absl::StrJoin(known, ", "), " expected"));
}

}  // namespace paceline::gpu
