// One GPU of this host, as far as Paceline needs one: memory, streams, events, copies
// and products of matrices. Kernels are launched by the operators (worker/gpu/ops).
//
// Work that is put on a stream runs in order, beside other streams and the host; nobody
// may touch what it reads or writes before an event behind it has been waited for.
// handles.h has the types that give back what they hold.
//
// Implementations: CudaGpu, and FakeGpu for machines without one.
//
// Thread-safe. Every error names the GPU and the call that failed.
#ifndef PACELINE_WORKER_GPU_RUNTIME_GPU_H_
#define PACELINE_WORKER_GPU_RUNTIME_GPU_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "worker/gpu/ops/launch.h"
#include "worker/gpu/runtime/gpu_description.h"

namespace paceline::gpu {

using EventHandle = void*;

struct GpuMemory {
  uint64_t free = 0;
  uint64_t total = 0;
};

enum class MatrixType { kFloat32, kBf16, kFp16 };

// c [m, n] = alpha * op(a) [m, k] * op(b) [k, n] + beta * c, all row-major without padding,
// where op transposes or does not: a is stored as [m, k], or as [k, m] if transposed; b
// alike. a and b are of `type`, c is float32, and sums are float32. With beta 0 the old
// values of c are not read. m, n and k are below 2^31.
//
// With `batch` matrices of each kind, one behind the other, it is as many products.
struct GemmCall {
  bool transpose_a = false;
  bool transpose_b = false;
  uint64_t m = 0;
  uint64_t n = 0;
  uint64_t k = 0;
  uint64_t batch = 1;
  MatrixType type = MatrixType::kFloat32;
  // float32: factors are rounded to TF32 (10 bits of mantissa) first.
  bool tf32 = false;
  float alpha = 1;
  float beta = 0;
  const void* a = nullptr;
  const void* b = nullptr;
  float* c = nullptr;
};

class Gpu {
 public:
  virtual ~Gpu() = default;

  virtual const GpuDescription& description() const = 0;
  // What decides the bits of a product beside the GPU: "cuBLAS-13.0.2".
  virtual std::string math_library() const = 0;
  virtual absl::StatusOr<GpuMemory> Memory() = 0;

  // ---- memory ----

  // `what` is for the error. Aligned to 256 bytes.
  // Errors:  ResourceExhausted  the memory is not there; says how much is.
  virtual absl::StatusOr<void*> Allocate(uint64_t bytes, absl::string_view what) = 0;
  // Waits for all work.
  virtual void Free(void* memory) = 0;
  // Memory of the host that copies reach without a detour.
  virtual absl::StatusOr<void*> AllocatePinned(uint64_t bytes, absl::string_view what) = 0;
  virtual void FreePinned(void* memory) = 0;
  // Makes memory of the host what AllocatePinned gives. Whole pages.
  virtual absl::Status Pin(void* memory, uint64_t bytes) = 0;
  virtual void Unpin(void* memory) = 0;

  // ---- order ----

  virtual absl::StatusOr<StreamHandle> CreateStream() = 0;
  // Waits for its work.
  virtual void DestroyStream(StreamHandle stream) = 0;
  virtual absl::StatusOr<EventHandle> CreateEvent() = 0;
  virtual void DestroyEvent(EventHandle event) = 0;
  // The event happens when all that the stream has now is done.
  virtual absl::Status Record(EventHandle event, StreamHandle stream) = 0;
  // What comes later on the stream waits for the event as it was last recorded.
  virtual absl::Status Wait(StreamHandle stream, EventHandle event) = 0;
  // The host waits. An event that was never recorded has happened.
  // Errors:  what went wrong in any work before it.
  virtual absl::Status Synchronize(EventHandle event) = 0;
  // From one event to the other, both happened.
  virtual absl::StatusOr<absl::Duration> Elapsed(EventHandle from, EventHandle to) = 0;

  // ---- work ----

  virtual absl::Status CopyToDevice(void* device, const void* host, uint64_t bytes,
                                    StreamHandle stream) = 0;
  virtual absl::Status CopyToHost(void* host, const void* device, uint64_t bytes,
                                  StreamHandle stream) = 0;
  // Every byte becomes `value`.
  virtual absl::Status Fill(void* device, uint8_t value, uint64_t bytes, StreamHandle stream) = 0;
  virtual absl::Status Gemm(const GemmCall& call, StreamHandle stream) = 0;
};

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_RUNTIME_GPU_H_
